import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  compareDatagrams,
  coveredDatagrams,
  datagramCases,
  openUdpKernel,
  type UdpKernel,
} from '../test/udp.ts'

let kernel: UdpKernel
beforeAll(async () => {
  kernel = await openUdpKernel()
})
afterAll(() => kernel[Symbol.asyncDispose]())

test.for(datagramCases)('%s', async ([, scenario], { task }) => {
  const services = await compareDatagrams(scenario, kernel)
  task.meta.compared = coveredDatagrams(services)
  for (const { client } of services) expect(client.datagramsSent).toBeGreaterThan(0)
})

test('a server with 5,000 peers', async () => {
  const [service] = await compareDatagrams('udp-peers', kernel)
  expect(service?.server.datagramsReceived).toBe(5_000)
})

test('nftables counts the same datagrams and bytes', async () => {
  const [service] = await compareDatagrams('udp-witness', kernel)
  expect(service?.client.datagramsSent).toBe(2_000)
})
