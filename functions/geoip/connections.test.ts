import { expect, test } from 'vitest'
import { connectionReader } from './connections.ts'

const owner = { k8s_namespace: 'shop', container_name: 'app', destination_port: '443' }

test('the four measures of a connection become one row, what is missing is null or zero', async () => {
  const { rows, truncated } = await read([
    sample('192.0.2.1', 'bytesSent', 4_096),
    sample('192.0.2.1', 'sentPerSecond', 12.5),
    sample('192.0.2.1', 'bytesReceived', 17),
    sample('203.0.113.1', 'bytesReceived', 1),
    { labels: { measure: 'rows' }, value: 2 },
  ])
  expect(truncated).toBe(0)
  expect(rows).toHaveLength(2)
  expect(rows[0]).toMatchObject({
    namespace: 'shop',
    pod: null,
    address: '192.0.2.1',
    port: 443,
    city: 'Berlin',
    bytesSent: 4_096,
    bytesReceived: 17,
    sentPerSecond: 12.5,
    receivedPerSecond: 0,
  })
  expect(rows[1]).toMatchObject({ isPublic: true, country: null, bytesSent: 0, bytesReceived: 1 })
})

test('connections that Prometheus was told to leave out are counted', async () => {
  const { truncated } = await read([
    sample('192.0.2.1', 'bytesSent', 1),
    { labels: { measure: 'rows' }, value: 2_001 },
  ])
  expect(truncated).toBe(2_000)
})

function read(samples: readonly { labels: Record<string, string>; value: number }[]) {
  const reader = connectionReader({
    ask: async () => ({ samples, warnings: [] }),
    locate: address =>
      address === '192.0.2.1'
        ? { result: 'found', place: { country: 'DE', city: 'Berlin' } }
        : { result: 'unknown' },
    maxRows: 2_000,
  })
  return reader(60)
}

function sample(address: string, measure: string, value: number) {
  return { labels: { ...owner, destination_ip: address, measure }, value }
}
