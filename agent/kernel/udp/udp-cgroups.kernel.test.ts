import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { decodeFlows } from '../../drain/flows.ts'
import type { Metric } from '../../registry.ts'
import { testCgroup } from '../../test/loopback.ts'
import { mountBpffs } from '../test/bpffs.ts'
import { ledger, ledgerOf } from '../test/ledger.ts'
import { startTraffic, type Service, type Traffic } from '../test/traffic.ts'
import { openUdpKernel, type UdpKernel } from '../test/udp.ts'

/** What each end of a turn of bpf/test/udp_turns.c sends: 10 datagrams. */
const TURN = {
  client: { opened: 0, sent: 550, received: 1_100, datagramsSent: 10, datagramsReceived: 10 },
  server: { opened: 0, sent: 1_100, received: 550, datagramsSent: 10, datagramsReceived: 10 },
}

async function counted(parts: UdpKernel, traffic: Traffic, [service]: readonly Service[]) {
  const counts = ledger(parts.kernel, traffic)
  await counts.drain()
  if (!service) throw new Error('no service')
  const { client, server } = counts.counted(service)
  return { client, server }
}

function valueOf({ readings }: Metric, reason?: string): number {
  return [...readings.values()].find(({ labels }) => labels.reason === reason)?.value ?? 0
}

test('sockets older than the agent count from its start on', async () => {
  await using traffic = startTraffic('udp-turns')
  await traffic.next()
  await traffic.next()
  await using parts = await openUdpKernel()
  const services = await traffic.next()
  expect(await counted(parts, traffic, services)).toEqual(TURN)
})

test('a cgroup with an idle socket is kept, one without is left and taken up again, which is counted', async () => {
  await using parts = await openUdpKernel({ idleMs: 1_000 })
  await using lasting = startTraffic('udp-turns')
  await using passing = startTraffic('udp-again')
  parts.settle()
  await lasting.next()
  await passing.next()
  expect(await counted(parts, passing, await passing.next())).toEqual(TURN)
  const attached = valueOf(parts.telemetry.udpCgroups)

  for (const afterMs of [0, 2_000, 4_000, 6_000]) await parts.udp.sweep(Date.now() + afterMs)
  expect(valueOf(parts.telemetry.udpCgroups)).toBeLessThan(attached)
  expect(await counted(parts, lasting, await lasting.next())).toEqual(TURN)

  // Others on this machine may use UDP too.
  const before = valueOf(parts.telemetry.udpReattachments)
  await passing.next() // makes its sockets
  parts.settle()
  expect(valueOf(parts.telemetry.udpReattachments)).toBeGreaterThanOrEqual(before + 2)
  const [, service] = await passing.next()
  expect(service && (await counted(parts, passing, [service]))).toEqual(TURN)
})

test('a datagram counts once where the cgroup above is attached too', async () => {
  await using parts = await openUdpKernel()
  const before = valueOf(parts.telemetry.udpCgroups)
  await using traffic = startTraffic('udp-turns')
  parts.settle()
  await traffic.next()
  expect(valueOf(parts.telemetry.udpCgroups) - before).toBeGreaterThanOrEqual(3)
  expect(await counted(parts, traffic, await traffic.next())).toEqual(TURN)
})

test('more peers than flows: the rest is summed up, and no datagram is lost', async () => {
  await using parts = await openUdpKernel({ maxFlows: 256 })
  await using traffic = startTraffic('udp-peers')
  parts.settle()
  await traffic.next()
  const [service] = await traffic.next()
  const flows = decodeFlows(await parts.kernel.drain())
  const server = flows.filter(({ cgroupId }) => cgroupId === traffic.serverCgroup)
  const sum = (field: 'bytesSent' | 'bytesReceived' | 'datagramsSent' | 'datagramsReceived') =>
    server.reduce((total, flow) => total + flow[field], 0)
  expect(server.map(({ remoteAddress }) => remoteAddress)).toContain('other')
  expect(service?.server).toEqual({
    opened: 0,
    sent: sum('bytesSent'),
    received: sum('bytesReceived'),
    datagramsSent: sum('datagramsSent'),
    datagramsReceived: sum('datagramsReceived'),
  })
  expect(valueOf(parts.telemetry.kernelDrops, 'flows_full')).toBeGreaterThan(0)
  expect(valueOf(parts.telemetry.kernelDrops, 'overflow_full')).toBe(0)
})

test('cgroups that are gone are let go, and those too brief to attach to are counted', async () => {
  await using parts = await openUdpKernel()
  const { udpCgroups, udpAttachFailures } = parts.telemetry
  using parent = testCgroup('udp')
  const [stays, flees] = [join(parent.folder, 'stays'), join(parent.folder, 'flees')]
  mkdirSync(flees)
  rmdirSync(flees)
  mkdirSync(stays)
  parts.settle()
  expect(valueOf(udpAttachFailures, 'gone')).toBe(1)
  const attached = valueOf(udpCgroups)
  rmdirSync(stays)
  await parts.udp.sweep(Date.now())
  expect(valueOf(udpCgroups)).toBe(attached - 1)
})

test('a cgroup that the agent could not be told of is named as a drop, and told with its next socket', async () => {
  await using parts = await openUdpKernel()
  using parent = testCgroup('untold')
  const late = join(parent.folder, 'late')
  // Nobody reads meanwhile.
  for (let births = 0; births < 5_000; births++) {
    const path = join(parent.folder, `birth-${births}`)
    mkdirSync(path)
    rmdirSync(path)
  }
  mkdirSync(late)
  using removal = new DisposableStack()
  removal.defer(() => rmdirSync(late))
  const send = () =>
    spawnSync('sh', [
      '-c',
      'echo $$ > "$0/cgroup.procs"; exec bash -c ": > /dev/udp/127.0.0.1/9"',
      late,
    ])
  const untold = async () => {
    const drained = await parts.kernel.drain()
    drained.release()
    return valueOf(parts.telemetry.kernelDrops, 'udp_cgroup_untold')
  }
  send()
  parts.settle()
  const before = valueOf(parts.telemetry.udpCgroups)
  expect(await untold()).toBe(1)
  send()
  parts.settle()
  // Behind all those that are gone.
  await vi.waitFor(() => expect(valueOf(parts.telemetry.udpCgroups)).toBe(before + 1), 20_000)
  expect(valueOf(parts.telemetry.udpReattachments)).toBeGreaterThan(0)
  expect(await untold()).toBe(1)
})

test('over the bound a cgroup is not counted, which is said and counted', async () => {
  await using parts = await openUdpKernel({ maxAttached: 0 })
  using _ = testCgroup('surplus')
  parts.settle()
  expect(valueOf(parts.telemetry.udpAttachFailures, 'too_many')).toBeGreaterThanOrEqual(1)
  expect(parts.lines.join()).toMatch(/UDP is not counted in cgroup .*: too_many/)
})

test('attachments are pinned: what nobody watched is there, and pins of a gone cgroup are removed', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  let cgroupId = 0
  {
    await using traffic = startTraffic('udp-turns')
    {
      await using _ = await openUdpKernel({ pinDirectory })
      await traffic.next()
    }
    const services = await traffic.next() // nobody watches
    await using second = await openUdpKernel({ pinDirectory })
    expect(await counted(second, traffic, services)).toEqual(TURN)
    cgroupId = statSync(traffic.clientFolder).ino
    expect(pinsOf(pinDirectory, cgroupId)).toHaveLength(2)
  }
  await using _ = await openUdpKernel({ pinDirectory })
  expect(pinsOf(pinDirectory, cgroupId)).toEqual([])
})

test.each([
  ['the same version', false],
  ['another version', true],
])(
  'cgroups that first use UDP while no agent runs count from the next one on, %s; each is told as late, or as gone',
  async (_, processes) => {
    using bpffs = mountBpffs()
    const { pinDirectory } = bpffs
    const before = await openUdpKernel({ pinDirectory })
    await before[Symbol.asyncDispose]()
    {
      await using brief = startTraffic('udp-turns')
      await brief.next()
      await brief.next()
    }
    await using traffic = startTraffic('udp-turns')
    await traffic.next()
    const [uncounted] = await traffic.next()
    await using parts = await openUdpKernel({ pinDirectory, processes })
    expect(uncounted).toMatchObject(TURN)
    expect(valueOf(parts.telemetry.udpReattachments)).toBeGreaterThanOrEqual(2)
    expect(valueOf(parts.telemetry.udpAttachFailures, 'gone')).toBeGreaterThanOrEqual(2)
    // All that is missing is what was sent before.
    expect(await counted(parts, traffic, await traffic.next())).toEqual(TURN)
  },
)

test('programs of another version take over in the middle of traffic: each datagram counts once', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  let parts = await openUdpKernel({ pinDirectory })
  await using traffic = startTraffic('udp-short')
  const counts = ledgerOf(async () => {
    const drained = await parts.kernel.drain()
    const flows = decodeFlows(drained)
    drained.release()
    return flows
  }, traffic)
  await traffic.next()
  parts.settle()
  await traffic.next()
  await counts.drain()
  expect(counts.flows().length).toBeGreaterThan(0)
  // The first is of another layout of flows, too.
  for (const [maxFlows, processes] of [
    [32_768, false],
    [32_768, true],
    [65_536, false],
  ] as const) {
    await parts[Symbol.asyncDispose]()
    await sleep(50) // nobody watches
    parts = await openUdpKernel({ pinDirectory, maxFlows, processes })
    await sleep(50)
    await counts.drain()
  }
  const services = await traffic.next()
  for (let drains = 0; drains < 3; drains++) await counts.drain()
  const failures = [...parts.telemetry.udpAttachFailures.readings.values()]
  await parts[Symbol.asyncDispose]()
  expect(services.map(counts.counted)).toEqual(services)
  expect(failures.filter(({ value }) => value > 0)).toEqual([])
  const datagrams = services.reduce((sum, { client }) => sum + client.datagramsSent, 0)
  expect(datagrams).toBeGreaterThan(3_000)
  console.log(`${datagrams} datagrams and as many answers over three changes of version`)
})

function pinsOf(pinDirectory: string, cgroupId: number): string[] {
  const names = readdirSync(pinDirectory, { encoding: 'utf8', recursive: true })
  return names.filter(name => name.includes(`udp-${cgroupId}-`))
}
