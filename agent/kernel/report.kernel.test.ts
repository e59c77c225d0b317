import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../../ci/bpf/object.ts'
import type { Metric } from '../registry.ts'
import { createTelemetry } from '../telemetry.ts'
import { openKernel } from './kernel.ts'
import { installPrograms } from './programs.ts'
import { startTraffic } from './test/traffic.ts'

const STATISTICS = '/proc/sys/kernel/bpf_stats_enabled'

function open({ maxFlows = 1_024, maxSockets = 4_096 } = {}) {
  const telemetry = createTelemetry('test', '0.0.0')
  const sizes = { maxFlows, maxOverflow: 64, maxSockets }
  const programs = installPrograms({ bytecode: bpfObject(), sizes, log: console.error })
  const kernel = openKernel({ programs, telemetry })
  return { kernel, telemetry, [Symbol.dispose]: () => kernel[Symbol.dispose]() }
}

async function mapBytes(sizes: Parameters<typeof open>[0]): Promise<number> {
  using opened = open(sizes)
  await opened.kernel.drain()
  return Object.values(valuesOf(opened.telemetry.kernelMapBytes)).reduce((sum, one) => sum + one)
}

/** Values by label; zeros are left out. */
function valuesOf({ readings }: Metric): Record<string, number> {
  return Object.fromEntries(
    [...readings.values()]
      .filter(({ value }) => value > 0)
      .map(({ labels, value }) => [String(Object.values(labels)[0]), value]),
  )
}

test('the agent says how its programs came, how UDP is counted, and what each map takes', async () => {
  using opened = open()
  const { kernel, telemetry } = opened
  await kernel.drain()
  expect(valuesOf(telemetry.kernelOrigin)).toEqual({ loaded: 1 })
  expect(valuesOf(telemetry.udpMode)).toEqual({ off: 1 })
  const bytes = valuesOf(telemetry.kernelMapBytes)
  // 1,024 flows, each at least its key and value.
  for (const map of ['flows_a', 'flows_b']) expect(bytes[map], map).toBeGreaterThan(1_024 * 150)
  expect(bytes['drops']).toBeGreaterThan(0)
})

test('the maps take for each flow and each connection what README says', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const said =
    /(\d+) bytes for each of `kernel\.maxFlows`, and (\d+) for each of `kernel\.maxSockets`/.exec(
      readme,
    )
  const more = 65_536
  const small = await mapBytes({ maxSockets: 4_096 })
  const flows = ((await mapBytes({ maxFlows: 1_024 + more })) - small) / more
  const sockets = ((await mapBytes({ maxSockets: more })) - small) / (more - 4_096)
  expect([Math.round(flows), Math.round(sockets)]).toEqual(said?.slice(1).map(Number))
})

test('the table of connections says how full it is: those that are open, no more', async () => {
  using opened = open()
  const { kernel, telemetry } = opened
  const sockets = async () => {
    await kernel.drain()
    return valuesOf(telemetry.kernelMapEntries)['sockets'] ?? 0
  }
  expect(valuesOf(telemetry.kernelMapCapacity)['sockets']).toBe(4_096)
  const before = await sockets()
  const server = createServer(socket => socket.on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port = 0 } = Object(server.address())
  const clients = Array.from({ length: 500 }, () => connect(port, '127.0.0.1'))
  await Promise.all(clients.map(client => once(client, 'connect')))
  // Others on this machine may connect meanwhile.
  expect(await sockets()).toBeGreaterThanOrEqual(before + 2 * clients.length)
  expect(await sockets()).toBeLessThan(before + 2 * clients.length + 200)
  for (const client of clients) client.resetAndDestroy()
  await vi.waitFor(async () => expect(await sockets()).toBeLessThan(before + 200), 5_000)
  server.close()
})

test("programs' runs and their time are told while the kernel's statistics are on", async () => {
  using opened = open()
  const { kernel, telemetry } = opened
  const before = readFileSync(STATISTICS, 'utf8')
  writeFileSync(STATISTICS, '1')
  try {
    await using traffic = startTraffic('many-services')
    await traffic.next()
    await kernel.drain()
  } finally {
    writeFileSync(STATISTICS, before)
  }
  const runs = valuesOf(telemetry.bpfRuns)
  const seconds = valuesOf(telemetry.bpfRunSeconds)
  expect(runs['tcp_state']).toBeGreaterThan(0)
  expect(runs['live']).toBeGreaterThan(0)
  for (const program of Object.keys(runs)) {
    const each = (seconds[program] ?? 0) / (runs[program] ?? 0)
    expect(each).toBeGreaterThan(1e-9)
    expect(each).toBeLessThan(0.1)
  }
})
