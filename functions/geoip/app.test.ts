import { expect, test } from 'vitest'
import { geoipApp } from './app.ts'
import type { Parts } from './app.ts'
import type { Connection } from './connections/connections.ts'
import type { Snapshot } from './answer-cache.ts'
import type { ConnectionRows } from './connections/connections.ts'
import type { ViewRequest } from './connections/view-request.ts'
import { answer, demoMetrics, demoParts } from './test/demo.ts'

test('/metrics is what Prometheus scrapes', async () => {
  const { metrics, series, take } = demoMetrics()
  take(answer, 0)
  const parts = { metrics: () => metrics.registry.metrics(), series: series.pieces }
  const response = await app(parts).request('/metrics')
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const text = await response.text()
  expect(text).toContain('\npodatlas_geoip_lookups_total{result="found"} ')
  expect(text).toContain(
    '\ngeo_ip{k8s_namespace="shop",k8s_pod="checkout-0",ip="192.0.2.1",country="DE",city="Berlin"',
  )
})

test('/locations/:address answers the place', async () => {
  const response = await app().request('/locations/192.0.2.1')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    address: '192.0.2.1',
    country: 'DE',
    city: 'Berlin',
    latitude: 52.52,
  })
})

test.each([
  ['nowhere', 400, 'address: nowhere is no IP address'],
  ['203.0.113.9', 404, 'address: 203.0.113.9 is not in the database'],
  ['10.0.0.1', 404, 'address: 10.0.0.1 is private, which has no place'],
  ['::1', 404, 'address: ::1 is loopback, which has no place'],
])('/locations/%s is %i with the reason', async (address, status, error) => {
  const response = await app().request(`/locations/${address}`)
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({ error })
})

test.each(['GET', 'POST'])(
  '%s /locations says to try again before a database is read',
  async method => {
    const url = method === 'GET' ? '/locations/192.0.2.1' : '/locations'
    const body = method === 'GET' ? {} : { body: '{"addresses": ["192.0.2.1"]}' }
    const response = await app({ notReady: () => 'the databases are being read' }).request(url, {
      method,
      ...body,
    })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.json()).toEqual({ error: 'the databases are being read' })
  },
)

test('/api/connections answers the rows of the window, and says who made the database', async () => {
  const requests: ViewRequest[] = []
  const connections = async (request: ViewRequest) => {
    requests.push(request)
    return { rows: [row], truncated: 3, policies, readAtMs: 0, problem: undefined }
  }
  const response = await app({ connections, cluster }).request('/api/connections?window=300s')
  expect(await response.json()).toEqual({
    generatedAt: '1970-01-01T00:00:00.000Z',
    windowSeconds: 300,
    attribution: 'IP Geolocation by DB-IP (https://db-ip.com)',
    cluster,
    policies,
    truncated: 3,
    problem: null,
    rows: [row],
  })
  expect(response.headers.get('cache-control')).toBe('no-store')
  await app({ connections }).request('/api/connections')
  const filters = { namespaces: [], pods: [], containers: [], countries: [] }
  expect(requests).toEqual([
    { windowSeconds: 300, filters },
    { windowSeconds: 60, filters },
  ])
})

test.each(['5s', '86401s', '1m', '-60s', 'Infinity', ''])(
  'a window of "%s" is refused by name',
  async window => {
    const response = await app().request(`/api/connections?window=${window}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: `window: ${window} is no time from 10s to 86400s`,
    })
  },
)

test('what is wrong is said with the rows, each thing once', async () => {
  const response = await app({
    connections: async () => ({ ...nothing, problem: 'Prometheus is down' }),
    problems: () => ['Prometheus is down', 'a database is missing'],
  }).request('/api/connections')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    generatedAt: null,
    problem: 'Prometheus is down; a database is missing',
  })
})

test('/readyz tells problems, and refuses only while nothing can be placed', async () => {
  const ready = await app({ problems: () => ['Prometheus is down'] }).request('/readyz')
  expect([ready.status, await ready.text()]).toEqual([200, 'ok\nPrometheus is down\n'])
  const waiting = await app({
    notReady: () => 'a database is missing',
    problems: () => ['a database is missing', 'Prometheus is down'],
  }).request('/readyz')
  const text = 'a database is missing\nPrometheus is down\n'
  expect([waiting.status, await waiting.text()]).toEqual([503, text])
})

test('/healthz fails only when the process should be started anew', async () => {
  const unwell = app({ problems: () => ['Prometheus is down'] })
  expect((await unwell.request('/healthz')).status).toBe(200)
  const stuck = await app({ stuck: () => 'no poll for 90 s' }).request('/healthz')
  expect([stuck.status, await stuck.text()]).toEqual([503, 'no poll for 90 s\n'])
})

test('the page comes with a strict policy, packed if wanted, and not twice', async () => {
  const page = await app().request('/')
  expect(await page.text()).toBe('<!doctype html>')
  const policy = page.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("connect-src 'self'")
  expect(policy).not.toMatch(/unsafe|http|\*/)

  const packed = await app().request('/', { headers: { 'accept-encoding': 'br, gzip' } })
  expect(packed.headers.get('content-encoding')).toBe('gzip')
  expect(await packed.text()).toBe('packed')

  const again = await app().request('/', { headers: { 'if-none-match': '"1"' } })
  expect([again.status, await again.text()]).toEqual([304, ''])
})

test('other paths are told as such, whatever they try', async () => {
  for (const path of ['/nothing', '/..%2f..%2fetc%2fpasswd', '/api', '/toString']) {
    const response = await app().request(path)
    expect(response.status).toBe(404)
    expect(await response.json()).toHaveProperty('error')
  }
})

const cluster = { latitude: 50.11, longitude: 8.68 }
const policies = [{ name: 'home', severity: 'critical' }]

const nothing: Snapshot<ConnectionRows> = {
  rows: [],
  truncated: 0,
  policies: [],
  readAtMs: undefined,
  problem: undefined,
}

const row: Connection = {
  namespace: 'shop',
  pod: 'checkout-0',
  container: 'app',
  node: 'node-1',
  role: 'client',
  address: '192.0.2.1',
  port: 443,
  isPublic: true,
  country: 'DE',
  countryName: 'Germany',
  city: 'Berlin',
  region: null,
  latitude: 52.52,
  longitude: 13.405,
  accuracyKm: null,
  asNumber: 64_496,
  asOrganization: 'Example',
  verdict: 'forbidden',
  violates: ['home'],
  bytesSent: 4_096,
  bytesReceived: 17,
  sentPerSecond: 1.5,
  receivedPerSecond: 0,
}

function app(parts: Partial<Parts> = {}) {
  const page = {
    contentType: 'text/html; charset=utf-8',
    body: encode('<!doctype html>'),
    gzipped: encode('packed'),
    etag: '"1"',
  }
  return geoipApp(demoParts({ assets: new Map([['index.html', page]]), ...parts }))
}

function encode(text: string) {
  return new TextEncoder().encode(text)
}
