import { gunzipSync } from 'node:zlib'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { peersApp } from './app.ts'
import type { Parts } from './app.ts'
import { infoSeries } from './info-series.ts'
import { demoCluster } from './test/cluster.ts'
import { deployed, node, pod, service } from './test/objects.ts'

test('/metrics is what Prometheus scrapes, packed if wanted', async () => {
  const plain = await app().request('/metrics')
  expect(plain.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const text = await plain.text()
  expect(text).toContain('podatlas_peer_info{destination_ip="10.244.0.1",peer_namespace="shop"')
  expect(text).toContain('podatlas_node_info{zone="eu-1a",region="eu-1",source_host="node-1"} 1')
  const packed = await app().request('/metrics', { headers: { 'accept-encoding': 'gzip' } })
  expect(packed.headers.get('content-encoding')).toBe('gzip')
  expect(gunzipSync(await packed.arrayBuffer()).toString()).toBe(text)
})

test('an address has one line in each scrape, whoever takes it over in the middle of one', async () => {
  const { put, directory, strangers } = demoCluster({ maxPeers: 10_000 })
  const addresses = Array.from(
    { length: 2_000 },
    (_, index) => `10.244.${index >> 8}.${index & 255}`,
  )
  put('pods', ...addresses.map((address, index) => pod(`old-${index}`, [address])))
  const pieces = infoSeries(directory, strangers, '')
  let text = ''
  for (let index = 0; index < 500; index++) text += pieces.next().value ?? ''
  const created = '2026-11-02T10:00:00Z'
  put('pods', ...addresses.map((address, index) => pod(`new-${index}`, [address], { created })))
  text += [...pieces].join('')
  const found = [...text.matchAll(/destination_ip="([^"]+)".*peer_name="(old|new)-/g)]
  expect(new Set(found.map(match => match[1])).size).toBe(2_000)
  expect(found).toHaveLength(2_000)
  expect(new Set(found.map(match => match[2]))).toEqual(new Set(['old', 'new']))
})

test.each([
  ['10.244.0.1', { kind: 'pod', name: 'checkout-7d9c5b6f84-a', workload: 'checkout' }],
  ['::ffff:10.244.0.1', { address: '10.244.0.1', kind: 'pod' }],
  ['fd00:96:0::7', { address: 'fd00:96::7', kind: 'service', name: 'web', endpoints: [] }],
  ['192.168.0.1', { kind: 'node', name: 'node-1', zone: 'eu-1a' }],
  ['203.0.113.9', { kind: 'internet' }],
])('/peers/%s says who that is', async (address, expected) => {
  const response = await app().request(`/peers/${address}`)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject(expected)
})

test.each(['nowhere', '10.0.0.0%2F8', 'fe80::1%25eth0'])('/peers/%s is refused', async address => {
  const response = await app().request(`/peers/${address}`)
  expect(response.status).toBe(400)
  const error = `address: ${decodeURIComponent(address)} is no IP address`
  expect(await response.json()).toEqual({ error })
})

test('POST /peers answers a batch in its order', async () => {
  const response = await post(JSON.stringify({ addresses: ['203.0.113.9', '10.244.0.1'] }))
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    peers: [{ kind: 'internet' }, { kind: 'pod', workload: 'checkout' }],
  })
})

test.each([
  ['', 400, 'body: '],
  ['{"addresses": "10.0.0.1"}', 400, 'addresses: '],
  ['{"addresses": ["10.0.0.1", "ten"]}', 400, 'addresses.1: ten is no IP address'],
  ['{"addresses": [], "adresses": []}', 400, 'Unrecognized key: "adresses"'],
  [
    JSON.stringify({ addresses: Array.from({ length: 10_001 }, () => '::1') }),
    400,
    'addresses: use 10000 addresses or less',
  ],
  [`{"addresses": ["${' '.repeat(1_048_576)}"]}`, 413, 'body: use 1048576 bytes or less'],
])('a batch that is none is refused with the field', async (body, status, error) => {
  const response = await post(body)
  expect(response.status).toBe(status)
  expect((await response.json()).error).toContain(error)
})

test('before the first lists nobody is told that an address has no owner', async () => {
  const waiting = app({ notReady: () => 'not yet listed: pods' })
  for (const path of ['/peers/10.0.0.1', '/readyz']) {
    expect((await waiting.request(path)).status).toBe(503)
  }
  const batch = { method: 'POST', body: '{"addresses": []}' }
  expect((await waiting.request('/peers', batch)).status).toBe(503)
  expect((await waiting.request('/metrics')).status).toBe(200)
  expect((await waiting.request('/healthz')).status).toBe(200)
})

test('/readyz tells problems, /healthz fails only when the process should be started anew', async () => {
  const unwell = app({ problems: () => ['cannot watch pods: no'] })
  const ready = await unwell.request('/readyz')
  expect([ready.status, await ready.text()]).toEqual([200, 'ok\ncannot watch pods: no\n'])
  expect((await unwell.request('/healthz')).status).toBe(200)
  const stuck = await app({ stuck: () => 'no step for 900 s' }).request('/healthz')
  expect([stuck.status, await stuck.text()]).toEqual([503, 'no step for 900 s\n'])
})

test('other paths are told as such', async () => {
  for (const path of ['/', '/nothing', '/toString']) {
    const response = await app().request(path)
    expect(response.status).toBe(404)
    expect(await response.json()).toHaveProperty('error')
  }
})

function post(body: string) {
  return app().request('/peers', { method: 'POST', body })
}

function app(parts: Partial<Parts> = {}) {
  const { put, directory, strangers, peer, peerWithEndpoints } = demoCluster()
  put('nodes', node('node-1', ['192.168.0.1']))
  put('pods', deployed('checkout', 'a', ['10.244.0.1']))
  put('services', service('web', ['10.96.0.7', 'fd00:96::7']))
  return peersApp({
    registry: new Registry(),
    infoSeries: () => infoSeries(directory, strangers, ''),
    lookUp: { peer, peerWithEndpoints },
    problems: () => [],
    notReady: () => undefined,
    stuck: () => undefined,
    ...parts,
  })
}
