import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prebuilt } from '../../../ci/bpf/prebuilt.ts'

/** A change to a source of the kernel programs: `before` must be there, and becomes `after`. */
export type Change = { readonly file: string; readonly before: string; readonly after: string }

/** Those that scenarios use, which are built beforehand where a compiler is missing. */
export type VariantName = (typeof variantNames)[number]

export type Variant = Disposable & { readonly bytecode: string }

/** A loop of about 10 µs, so that something else can happen in the middle of a program. */
const LINGER = 'for (int i = 0; i < 20000; i++) asm volatile("");\n'

export const variantNames = [
  'slow-look',
  'slow-report',
  'slow-state',
  'slow-second-close',
  'slow-leaving',
  'slow-seed',
  'slow-adoption',
  'slow-reconnection',
  'failures-unseen',
  'openings-unseen',
  'closes-unseen',
  'lives-unseen',
  'other-slots',
  'listeners-tell-roles',
  'no-fentry',
] as const

const variants: Readonly<Record<VariantName, Change | readonly Change[]>> = {
  'slow-look': lingeringBefore('live.bpf.c', 'look_at(is_cast, slot, &sight);'),
  'slow-report': lingeringBefore(
    'live.bpf.c',
    'struct flow_value *flow = flow_of_slot(slot, place, phase);',
  ),
  'slow-state': lingeringBefore('tcp_state.bpf.c', 'if (sk->sk_protocol != IPPROTO_TCP)'),
  // The second copy looks for each closed socket itself, as after an interrupt.
  'slow-second-close': [
    {
      file: 'tcp_state.bpf.c',
      before: '&place) && is_second) {',
      after: '&place) && is_second && newstate != BPF_TCP_CLOSE) {',
    },
    lingeringBefore('tcp_state.bpf.c', 'u64 name = cell ?'),
  ],
  'slow-leaving': longBefore('live.bpf.c', 'u64 before = __sync_fetch_and_or('),
  'slow-seed': lingeringBefore('seed.bpf.c', 'struct payload payload = {'),
  'slow-adoption': lingeringBefore('old_table.bpf.c', 'u32 after = old_phase(table, old);'),
  'slow-reconnection': longBefore('sockets.h', 'return take_place(cookie);\n}'),
  'failures-unseen': unseen('oldstate == BPF_TCP_SYN_SENT && newstate == BPF_TCP_CLOSE'),
  'openings-unseen': unseen('oldstate == BPF_TCP_SYN_SENT && newstate == BPF_TCP_ESTABLISHED'),
  'closes-unseen': unseen('oldstate != BPF_TCP_SYN_SENT && newstate == BPF_TCP_CLOSE'),
  // Of a client they see the beginning only.
  'lives-unseen': unseen(
    'oldstate != BPF_TCP_SYN_SENT ? newstate == BPF_TCP_CLOSE : newstate == BPF_TCP_ESTABLISHED',
  ),
  // As the next version might have it.
  'other-slots': {
    file: 'socket_table.h',
    before: 'struct sock *sk;\n\tu64 cgroup_id;\n',
    after: 'u64 cgroup_id;\n\tstruct sock *sk;\n',
  },
  'listeners-tell-roles': {
    file: 'seed.bpf.c',
    before: 'once == payload',
    after: 'once == 7 + payload',
  },
  // No kernel takes it, so that UDP is counted by cgroup.
  'no-fentry': {
    file: 'udp_fentry.bpf.c',
    before: 'fentry/skb_consume_udp',
    after: 'fentry/no_such_function',
  },
}

/** The kernel object with one change to its sources. */
export function objectVariant(change: VariantName | Change): Variant {
  if (typeof change !== 'string') return build([change])
  const ready = prebuilt(`${change}.bpf.o`)
  if (ready === undefined) return build([variants[change]].flat())
  return { bytecode: ready, [Symbol.dispose]: () => {} }
}

function lingeringBefore(file: string, line: string): Change {
  return { file, before: line, after: `${LINGER} ${line}` }
}

/** Some 100 µs: as long as a few system calls take. */
function longBefore(file: string, line: string): Change[] {
  const callback = 'static inline long pass_time(u32 step, void *nothing) { return 0; }'
  return [
    { file: 'socket_table.h', before: '#define NOWHERE', after: `${callback}\n#define NOWHERE` },
    { file, before: line, after: `bpf_loop(300000, pass_time, NULL, 0);\n ${line}` },
  ]
}

/** Neither copy of the state program sees such a change. */
function unseen(change: string): Change {
  const line = 'if (sk->sk_protocol != IPPROTO_TCP)'
  return { file: 'tcp_state.bpf.c', before: line, after: `if (${change}) return 0;\n ${line}` }
}

function build(changes: readonly Change[]): Variant {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-variant-'))
  const repository = join(import.meta.dirname, '../../..')
  for (const part of ['bpf', 'ci/bpf']) {
    cpSync(join(repository, part), join(folder, part), { recursive: true })
  }
  for (const { file, before, after } of changes) {
    const source = join(folder, 'bpf', file)
    const text = readFileSync(source, 'utf8')
    if (!text.includes(before)) throw new Error(`${file} has no "${before}": adapt the test`)
    writeFileSync(source, text.replaceAll(before, after))
  }
  const bytecode = join(folder, 'podatlas.bpf.o')
  execFileSync(join(folder, 'ci/bpf/build.sh'), [bytecode])
  return { bytecode, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
