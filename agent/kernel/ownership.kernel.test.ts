import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ledger } from './test/ledger.ts'
import { openTestKernel } from './test/open.ts'
import { startTraffic } from './test/traffic.ts'

/** Runs a scenario; the kernel must have counted what the programs did, each end in its socket's cgroup. */
async function expectExact(scenario: string) {
  using kernel = openTestKernel()
  await using traffic = startTraffic(scenario)
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  await counts.drain()
  expect(services.map(counts.counted)).toEqual(services)
  expect(await kernel.lostBytes()).toEqual({})
  return services
}

test('a connection belongs to the cgroup that made its socket, or its listener, whoever uses it later', async () => {
  const services = await expectExact('ownership')
  const names = ['forked', 'passed', 'moved before connect', 'moved after connect']
  const cases = [...names, 'accepted elsewhere']
  expect(services.map(({ name }) => name)).toEqual([...cases, ...cases])
})

test('a connection whose cgroup is removed goes on counting for that cgroup', async () => {
  using kernel = openTestKernel()
  await using traffic = startTraffic('removed-cgroup')
  await traffic.next()
  const removed = statSync(join(traffic.clientFolder, 'gone')).ino
  const counts = ledger(kernel, { ...traffic, clientCgroup: removed })
  for (const sent of [500, 1100, 1107]) {
    const services = sent === 500 ? [] : await traffic.next()
    await counts.drain()
    expect(services.map(counts.counted)).toEqual(services)
    const ofClient = counts.flows().filter(({ role }) => role === 'client')
    expect(ofClient.reduce((sum, flow) => sum + flow.bytesSent, 0)).toBe(sent)
  }
})

test('MPTCP counts each byte once: in its subflow, not again in the connection above', async () => {
  await expectExact('mptcp')
})

test('nor with two paths, which are two TCP connections', async () => {
  const [service] = await expectExact('mptcp-two-paths')
  expect(service?.client.opened).toBe(2)
})
