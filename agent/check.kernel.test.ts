import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { mountBpffs } from './kernel/test/bpffs.ts'
import { objectVariant } from './kernel/test/variant.ts'
import { CGROUP_V1_ONLY, runAgent } from './test/agent-process.ts'

// `podatlas-agent check` on the real kernel.

const check = (wrapper: readonly string[] = [], ...more: string[]) =>
  runAgent(['check', '--bytecode', bpfObject(), '--pin-directory=', ...more], wrapper)

/** Runs what follows with a file system of its own, after a change to it. */
const after = (change: string) => ['unshare', '--mount', 'sh', '-c', `${change} && exec "$0" "$@"`]

/** The rows of the table that start so. */
const rows = (table: string, mark: string) =>
  table.split('\n').filter(line => line.startsWith(mark))

test('where the agent can run, every program is named with how it attaches, and nothing is pinned', async () => {
  using bpffs = mountBpffs()
  const { code, stdout, stderr } = await check([], '--pin-directory', bpffs.pinDirectory)
  expect({ code, stderr, missing: rows(stdout, 'NO') }).toEqual({
    code: 0,
    stderr: '',
    missing: [],
  })
  expect(stdout).toMatch(/^ok {2}kernel +\d+\.\d+.*, (x64|arm64)$/m)
  expect(stdout).toMatch(/^ok {2}program tcp_state +attaches to tp_btf\/inet_sock_set_state$/m)
  expect(stdout).toMatch(/^ok {2}program tcp_state_twin +attaches to tp_btf\/inet_sock_set_state$/m)
  expect(stdout).toMatch(/^ok {2}program live +attaches to iter\/\w+$/m)
  expect(stdout).toMatch(/^ok {2}pins +.*podatlas$/m)
  expect(stdout).toMatch(/^ok {2}memory +the maps take \d+ MB, \d+ MB are free$/m)
  expect(stdout).toMatch(/\n\nThe agent can run here.*\n$/)
  expect(existsSync(bpffs.pinDirectory)).toBe(false)
})

test('the search for the processes of sockets is a row where they are told apart, and only there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-check-'))
  const settings = join(folder, 'agent.yaml')
  writeFileSync(settings, 'processes: on\n')
  const [on, off] = await Promise.all([check([], '--config', settings), check()])
  rmSync(folder, { recursive: true })
  expect(on.stdout).toMatch(/^ok {2}program process_holders +attaches to iter\/task_file$/m)
  expect(off.stdout).not.toContain('process_holders')
})

test.each([
  {
    missing: 'the capability BPF',
    wrapper: ['setpriv', '--bounding-set=-all,+perfmon', '--inh-caps=-all'],
    row: /^NO {2}CAP_BPF +missing: it loads the programs/,
    fix: 'Run as root or grant CAP_BPF',
  },
  {
    missing: 'the capability PERFMON',
    wrapper: ['setpriv', '--bounding-set=-all,+bpf', '--inh-caps=-all'],
    row: /^NO {2}CAP_PERFMON +missing/,
    fix: 'Run as root or grant CAP_PERFMON',
  },
  {
    missing: 'type information',
    wrapper: after('mount -t tmpfs none /sys/kernel/btf'),
    row: /^NO {2}type information +this kernel has no type information/,
    fix: 'CONFIG_DEBUG_INFO_BTF=y',
  },
  {
    missing: 'any cgroups',
    wrapper: after('umount --lazy --all --types cgroup,cgroup2'),
    row: /^NO {2}cgroup2 +.*no cgroup2 filesystem is mounted/,
    fix: 'mount -t cgroup2 none',
  },
  {
    missing: 'a kernel that is new enough',
    wrapper: ['setarch', '--uname-2.6'],
    row: /^NO {2}kernel +this kernel is 2\.6\..*, older than 5\.15$/,
    fix: 'Use 5.15 or newer: before it a socket does not tell',
  },
  {
    missing: 'the bytecode',
    wrapper: [],
    more: ['--bytecode', '/nowhere/podatlas.bpf.o'],
    row: /^NO {2}bytecode +cannot read the bytecode: ENOENT/,
    fix: 'Set kernel.bytecode',
  },
  {
    missing: 'libbpf',
    wrapper: after('mount --bind /dev/null "$(ldconfig -p | sed -n "s/.*libbpf.so.1 .*=> //p")"'),
    row: /^NO {2}libbpf +cannot load libbpf: .*libbpf\.so\.1/,
    fix: 'Install libbpf 1.0 or newer',
  },
  {
    missing: 'leave to read kernel memory',
    wrapper: after(
      'mount -t tmpfs none /sys/kernel/security && echo "none integrity [confidentiality]" > /sys/kernel/security/lockdown',
    ),
    row: /^NO {2}lockdown +confidentiality: programs may not read kernel memory$/,
    fix: 'Start the kernel with lockdown=integrity',
  },
  {
    missing: 'memory for the maps',
    wrapper: after(
      'mount -t tmpfs none /mnt && printf "MemTotal: 2000000 kB\\nMemAvailable: 1000 kB\\n" > /mnt/meminfo && mount --bind /mnt/meminfo /proc/meminfo',
    ),
    row: /^NO {2}memory +the maps take \d+ MB, 1 MB are free$/,
    fix: 'Lower kernel.maxSockets and kernel.maxFlows',
  },
])('without $missing the exit code is 1, and its row has the fix', async example => {
  const { wrapper, row, fix, more = [] } = example
  const { code, stdout, stderr } = await check(wrapper, ...more)
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  expect(rows(stdout, 'NO')).toContainEqual(expect.stringMatching(row))
  expect(rows(stdout, '   ').join('\n')).toContain(fix)
  expect(stdout).toMatch(/\n\nThe agent cannot run here: see the rows with NO\.\n$/)
})

test('where the kernel refuses one program, its row alone says so, with the fix', async () => {
  using variant = objectVariant({
    file: 'cgroups.bpf.c',
    before: 'tp_btf/cgroup_mkdir',
    after: 'tp_btf/no_such_tracepoint',
  })
  const { code, stdout } = await check([], '--bytecode', variant.bytecode)
  expect(code).toBe(1)
  expect(rows(stdout, 'NO')).toEqual([
    expect.stringMatching(/^NO {2}program cgroup_birth +the kernel refuses .*no_such_tracepoint/),
  ])
  expect(rows(stdout, '   ').join('\n')).toContain('→ Use a kernel 5.15 or newer')
  expect(stdout).toMatch(/^ok {2}program tcp_state +attaches to/m)
  expect(stdout).toMatch(/\n\nThe agent cannot run here: see the rows with NO\.\n$/)
})

test('with cgroup v1 only it can run, and the row says what is lost', async () => {
  const { code, stdout } = await check(CGROUP_V1_ONLY)
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^-- {2}cgroup2 +this machine has cgroup v1 only.*: bytes are counted for the node as a whole, without namespace, pod, container or unit/m,
  )
  expect(stdout).toContain('→ Boot with systemd.unified_cgroup_hierarchy=1')
})

test('without the capability NET_ADMIN it can run, and the row says what is lost', async () => {
  const small = ['setpriv', '--bounding-set=-all,+bpf,+perfmon', '--inh-caps=-all']
  const { code, stdout } = await check(small)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^-- {2}CAP_NET_ADMIN +missing: it counts UDP where that goes by cgroup$/m)
  expect(stdout).toContain('→ Run as root or grant CAP_NET_ADMIN')
})

test('without a bpffs it can run, with less', async () => {
  const folder = ['--pin-directory', '/tmp/podatlas']
  const { code, stdout } = await check([], ...folder)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^-- {2}pins +\/tmp is not on a bpffs: a restart is not bridged$/m)
  expect(stdout).toContain('→ Mount it: mount -t bpf bpf /sys/fs/bpf')
})

test('an old kernel is refused at the start with the reason, in one line', async () => {
  const { code, stderr } = await runAgent(['--bytecode', bpfObject()], ['setarch', '--uname-2.6'])
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /^podatlas-agent: this kernel is 2\.6\.\S+, older than 5\.15\. Use 5\.15 or newer: before .*\n$/,
    ),
  })
})
