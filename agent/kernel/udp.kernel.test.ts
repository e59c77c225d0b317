import { expect, test } from 'vitest'
import { compareDatagrams, udpScenarios } from './test/udp.ts'

test.each(udpScenarios)('$name', async ({ run }) => {
  const { datagrams } = await run()
  expect(datagrams).toBeGreaterThan(0)
})

test('nftables counts the same datagrams and bytes', async () => {
  const [service] = await compareDatagrams('udp-witness')
  expect(service?.client.datagramsSent).toBe(2_000)
})
