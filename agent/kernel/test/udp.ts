import assert from 'node:assert/strict'
import { constants, setPriority } from 'node:os'
import { bpfObject } from '../../../ci/bpf/object.ts'
import { isEmulated } from '../../../ci/bpf/prebuilt.ts'
import { findCgroupMount, openCgroupTree } from '../../attribute/cgroup-tree.ts'
import { createTelemetry } from '../../telemetry.ts'
import { openCgroupBirths } from '../udp/cgroup-births.ts'
import type { UdpMode } from '../object/inventory.ts'
import { openKernel, type Kernel } from '../kernel.ts'
import { installPrograms, type Programs } from '../programs.ts'
import { startUdp, type Udp, type UdpOptions } from '../udp/udp.ts'
import { mountBpffs } from './bpffs.ts'
import { ledger } from './ledger.ts'
import { sumOf, type Compared, type Scenario } from './scenario.ts'
import { startTraffic, type Service, type Traffic } from './traffic.ts'
import { objectVariant } from './variant.ts'

export type UdpKernel = AsyncDisposable & {
  readonly kernel: Kernel
  readonly udp: Udp
  /** Attaches to every cgroup that is there. */
  readonly settle: () => void
  /** How this kernel lets UDP be counted. */
  readonly mode: UdpMode
  readonly programs: Programs
  readonly telemetry: ReturnType<typeof createTelemetry>
  readonly lines: readonly string[]
}

type Options = {
  readonly bytecode?: string
  readonly maxFlows?: number
  readonly processes?: boolean
  readonly pinDirectory?: string
} & Partial<Pick<UdpOptions, 'idleMs' | 'sweepEveryMs' | 'maxAttached'>>

/** The real programs, with UDP counted in whichever way this kernel takes. */
export async function openUdpKernel({
  bytecode = bpfObject(),
  maxFlows = 65_536,
  processes = false,
  pinDirectory = '',
  ...options
}: Options = {}): Promise<UdpKernel> {
  await using opened = new AsyncDisposableStack()
  const telemetry = createTelemetry('test', '0.0.0')
  const lines: string[] = []
  const warn = (_key: string, line: string) => void lines.push(line)
  const programs = installPrograms({
    bytecode,
    sizes: { maxFlows, maxOverflow: 4_096, maxSockets: 4_096 },
    udp: 'auto',
    processes,
    pinDirectory,
    log: () => undefined,
    warn,
  })
  const kernel = opened.use(openKernel({ programs, telemetry }))
  const births = opened.use(openCgroupBirths({ programs, telemetry, warn }))
  const mount = findCgroupMount('')
  const cgroups = openCgroupTree({ mount })
  const udp = opened.use(
    await startUdp({ programs, births, cgroups, mount, telemetry, warn, ...options }),
  )
  const owned = opened.move()
  return {
    kernel,
    udp,
    settle: births.read,
    mode: programs.udp,
    programs,
    telemetry,
    lines,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Runs a scenario of bpf/test; the kernel must have counted what its programs did. */
export async function compareDatagrams(
  scenario: string,
  { kernel, settle, lines }: UdpKernel,
): Promise<readonly Service[]> {
  await using traffic = startTraffic(scenario)
  const counts = ledger(kernel, traffic)
  settle()
  await traffic.next()
  const services = await traffic.next()
  await counts.drain()
  assert.deepEqual(services.map(counts.counted), services)
  assert.deepEqual(lines, [])
  return services
}

/** Scenarios of bpf/test, each with the promise that it tests. */
export const datagramCases = [
  ['requests and answers: v4, v6, connected or not, of no byte to some thousand', 'udp'],
  ['IPv4 between sockets of IPv6', 'udp-mapped'],
  ['a datagram that is only looked at counts once, a short read as a whole', 'udp-reads'],
  ['a datagram of several writes is one', 'udp-corked'],
  ['what nobody takes was sent', 'udp-refused'],
  ['one datagram to many is sent once, and received by each', 'udp-to-many'],
  ['datagrams in fragments', 'udp-fragments'],
  ['several datagrams in one call (UDP_SEGMENT)', 'udp-segments'],
  ['several datagrams in one read (UDP_GRO)', 'udp-joined'],
  ['IPv4 options and IPv6 extension headers are no payload', 'udp-headers'],
] as const

/**
 * The same in both ways of counting UDP: this machine's kernel may refuse fentry, those of ci/vm do
 * not. One load for all: in an emulated machine that takes most of the time.
 */
export const udpScenarios: readonly Scenario[] = [
  {
    name: 'datagrams of every form, each counted once and by its payload',
    run: async () => {
      await using parts = await openUdpKernel()
      if (isEmulated()) assert.equal(parts.mode, 'fentry')
      return await compareAll(parts)
    },
  },
  {
    name: 'and the same by cgroup, where the kernel does not take programs at functions, over a change of version, too',
    run: async () => {
      using variant = objectVariant('no-fentry')
      using bpffs = mountBpffs()
      const options = { ...variant, pinDirectory: bpffs.pinDirectory }
      let compared: Compared
      let traffic: Traffic
      {
        await using parts = await openUdpKernel(options)
        assert.equal(parts.mode, 'cgroup')
        compared = await compareAll(parts)
        traffic = startTraffic('udp-short')
        await traffic.next()
        parts.settle()
      }
      await using _ = traffic
      // Else loading shares an emulated processor with threads that never wait.
      setPriority(traffic.pid, constants.priority.PRIORITY_LOW)
      await traffic.next()
      await using next = await openUdpKernel({ ...options, maxFlows: 32_768 })
      const services = await traffic.next()
      const counts = ledger(next.kernel, traffic)
      for (let drains = 0; drains < 3; drains++) await counts.drain()
      assert.deepEqual(services.map(counts.counted), services)
      return sumOf([compared, coveredDatagrams(services)])
    },
  },
]

async function compareAll(parts: UdpKernel): Promise<Compared> {
  const compared: Compared[] = []
  for (const [, scenario] of datagramCases) {
    compared.push(coveredDatagrams(await compareDatagrams(scenario, parts)))
  }
  return sumOf(compared)
}

/** What a comparison of these services covered. */
export function coveredDatagrams(services: readonly Service[]): Compared {
  const ends = services.flatMap(({ client, server }) => [client, server])
  const sum = (read: (end: Service['client']) => number) =>
    ends.reduce((total, end) => total + read(end), 0)
  return {
    connections: 0,
    datagrams: sum(end => end.datagramsSent + end.datagramsReceived),
    bytes: sum(end => end.sent + end.received),
  }
}
