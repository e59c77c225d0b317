import { expect, test } from 'vitest'
import { ledger } from './test/ledger.ts'
import { openTestKernel } from './test/open.ts'
import { startTraffic, type Service } from './test/traffic.ts'

/** Runs a scenario to its last checkpoint; at each, the kernel must have counted what the programs did. */
async function expectExact(scenario: string, checkpoints = 1): Promise<readonly Service[]> {
  using kernel = openTestKernel()
  await using traffic = startTraffic(scenario)
  const counts = ledger(kernel, traffic)
  let services: readonly Service[] = []
  for (let checkpoint = 1; checkpoint <= checkpoints; checkpoint++) {
    services = await traffic.next()
    await counts.drain()
    expect(services.map(counts.counted)).toEqual(services)
  }
  expect(await kernel.lostBytes()).toEqual({})
  return services
}

test('1,000 connections in four ways of closing, 100 of them open at the end: every byte, on both ends', async () => {
  const services = await expectExact('closes', 2)
  expect(services.map(({ name, family }) => `${name}, v${family}`)).toEqual([
    'client first, v4',
    'client first, v6',
    'server first, v4',
    'server first, v6',
    'both at once, v4',
    'both at once, v6',
    'reset, v4',
    'reset, v6',
  ])
  for (const { client, server } of services) {
    expect([client.opened, server.opened]).toEqual([125, 125])
    expect(client.sent).toBeGreaterThan(0)
  }
})

test('a half-closed connection is reported while it goes on, and its FIN is no payload', async () => {
  await expectExact('half-closed', 3)
})

test('a closed client that the kernel keeps in FIN_WAIT2 is counted once', async () => {
  await expectExact('orphan', 2)
})

test('refused connects are failed connections, each attempt of a socket', async () => {
  await expectExact('refused')
})

test('a socket that is disconnected and connected again counts each connection', async () => {
  await expectExact('reuse')
})

test('a socket connected to itself counts the simultaneous open', async () => {
  await expectExact('self-connect')
})

test('at a reset with data under way, sent is what was acknowledged and received what arrived', async () => {
  await expectExact('in-flight')
})

test('fast open: data in the SYN counts', async () => {
  await expectExact('fast-open')
})

test('an IPv4 client of an IPv6 listener reads as IPv4 on both ends', async () => {
  using kernel = openTestKernel()
  await using traffic = startTraffic('dual-stack')
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  await counts.drain()
  expect(services.map(counts.counted)).toEqual(services)
  expect(counts.flows().map(flow => flow.remoteAddress)).toEqual(['127.0.0.1', '127.0.0.1'])
})
