import { execFileSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Flow } from '../model.ts'
import { KernelError } from './system/error.ts'
import { ownPrograms } from './test/descriptors.ts'
import { ledger } from './test/ledger.ts'
import { openTestKernel } from './test/open.ts'
import { startTraffic, type Service } from './test/traffic.ts'
import { objectVariant } from './test/variant.ts'

test('a full flows map loses no byte: the rest folds into one flow per cgroup and role', async () => {
  using kernel = openTestKernel({ maxFlows: 16 })
  await using traffic = startTraffic('many-services')
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  await counts.drain()

  const flows = counts.flows()
  expect(flows.filter(flow => flow.remoteAddress !== 'other').length).toBeLessThanOrEqual(16)
  for (const role of ['client', 'server'] as const) {
    const ofRole = flows.filter(flow => flow.role === role)
    expect(ofRole.filter(flow => flow.remoteAddress === 'other')).toHaveLength(1)
    const total = (read: (service: Service) => number) =>
      services.reduce((sum, service) => sum + read(service), 0)
    const counted = (field: 'bytesSent' | 'bytesReceived' | 'connectionsOpened') =>
      ofRole.reduce((sum, flow) => sum + flow[field], 0)
    expect(counted('bytesSent')).toBe(total(service => service[role].sent))
    expect(counted('bytesReceived')).toBe(total(service => service[role].received))
    expect(counted('connectionsOpened')).toBe(services.length)
  }
  expect(kernel.drops()['flows_full']).toBeGreaterThan(0)
  expect(kernel.lostBytes()).toEqual({})
})

test('where not even that has room, open connections wait and what a close loses is counted', async () => {
  using kernel = openTestKernel({ maxFlows: 1, maxOverflow: 1 })
  await using traffic = startTraffic('many-services')
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  const missing = () => totalBytes(services) - bytesOf(counts.flows())
  const lost = async () => kernel.lostBytes()['overflow_full'] ?? 0

  await counts.drain()
  expect(missing()).toBeGreaterThan(await lost())
  // Each drain frees the one place; others on this machine may take it in between.
  for (let drains = 0; drains < 100 && missing() > (await lost()); drains++) await counts.drain()
  expect(missing()).toBeGreaterThan(0)
  expect(missing()).toBeLessThanOrEqual(await lost())
})

test('what a close cannot report because others keep changing it is counted as lost, byte by byte', async () => {
  // Nobody ever succeeds.
  using variant = objectVariant({
    file: 'payload.h',
    before: 'for (int i = 0; i < 8; i++) {\n\t\tu64 before = READ_ONCE(*reported);',
    after: 'for (int i = 0; i < 0; i++) {\n\t\tu64 before = READ_ONCE(*reported);',
  })
  using kernel = openTestKernel(variant)
  await using traffic = startTraffic('closes')
  const counts = ledger(kernel, traffic)
  await traffic.next()
  const services = await traffic.next()
  await counts.drain()
  expect(openedOf(services.map(counts.counted))).toBe(openedOf(services))
  expect(bytesOf(counts.flows())).toBe(0)
  // Others on this machine lose theirs, too.
  expect(kernel.lostBytes()['contended']).toBeGreaterThanOrEqual(totalBytes(services))
  expect(kernel.lostBytes()['contended']).toBeLessThan(1.5 * totalBytes(services))
})

test('sockets that find the table full are counted when they close, and named as late', async () => {
  using kernel = openTestKernel({ maxSockets: 16 })
  await using traffic = startTraffic('closes')
  const counts = ledger(kernel, traffic)
  const open = await traffic.next()
  await counts.drain()
  expect(openedOf(open.map(counts.counted))).toBeLessThan(openedOf(open))
  expect(kernel.drops()['sockets_full']).toBeGreaterThan(100)

  const closed = await traffic.next()
  await counts.drain()
  expect(closed.map(counts.counted)).toEqual(closed)
  expect(kernel.lostBytes()).toEqual({})
})

test('a socket for which the kernel has no memory either is named as a drop', async () => {
  using kernel = openTestKernel({ maxSockets: 8 })
  await using traffic = startTraffic('no-storage')
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  await counts.drain()
  expect(openedOf(services.map(counts.counted))).toBeLessThan(openedOf(services))
  expect(kernel.drops()['socket_storage']).toBeGreaterThanOrEqual(2)
})

test('a connection older than the agent is named as a drop, and its history is not booked', async () => {
  await using traffic = startTraffic('older')
  await traffic.next()
  using kernel = openTestKernel()
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  await counts.drain()

  expect(services.map(counts.counted)).toEqual(services)
  expect(kernel.drops()['unknown_socket']).toBeGreaterThanOrEqual(2)
})

test('after it is closed, no program is left in the kernel', async () => {
  const kernel = openTestKernel()
  const programs = ownPrograms()
  expect(programs.length).toBeGreaterThanOrEqual(3)
  const lastDrain = kernel.drain()
  kernel[Symbol.dispose]()
  await lastDrain
  expect(ownPrograms()).toEqual([])
  // The kernel frees a program after a grace period.
  for (let tries = 0; tries < 50 && remaining(programs).length > 0; tries++) await setTimeout(100)
  expect(remaining(programs)).toEqual([])
})

test('a drain during a drain or after the end is refused with an error that says so', async () => {
  const kernel = openTestKernel()
  const first = kernel.drain()
  await expect(kernel.drain()).rejects.toThrow(/a drain is under way/)
  await first
  kernel[Symbol.dispose]()
  await expect(kernel.drain()).rejects.toThrow(KernelError)
})

function openedOf(services: readonly Service[]): number {
  return services.reduce((sum, { client, server }) => sum + client.opened + server.opened, 0)
}

function totalBytes(services: readonly Service[]): number {
  return services
    .flatMap(({ client, server }) => [client, server])
    .reduce((sum, end) => sum + end.sent + end.received, 0)
}

function bytesOf(flows: readonly Flow[]): number {
  return flows.reduce((sum, flow) => sum + flow.bytesSent + flow.bytesReceived, 0)
}

function remaining(programs: readonly number[]): number[] {
  const shown = execFileSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8' })
  const inKernel: { id: number }[] = JSON.parse(shown)
  return inKernel.map(({ id }) => id).filter(id => programs.includes(id))
}
