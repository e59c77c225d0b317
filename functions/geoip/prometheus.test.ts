import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cities, writeMmdb } from './test/mmdb.ts'
import { freePorts } from '../../ci/ports.ts'
import { startProcess, untilText } from '../program/test/process.ts'
import { startPrometheus } from '../program/test/prometheus.ts'
import type { FunctionProcess } from '../program/test/process.ts'

const query2021 = 'sum by (k8s_namespace, k8s_pod, destination_ip) (bytes_tx{})'
const checkout = 'k8s_namespace="shop",k8s_pod="checkout-0",container_name="app"'

/** `growth` is bytes sent in five seconds; ten times as many are received. */
const connections = [
  { owner: checkout, address: '192.0.2.1', growth: 500, country: 'DE' },
  { owner: checkout, address: '198.51.100.1', growth: 0, country: 'BR' },
  {
    owner: 'k8s_namespace="billing",k8s_pod="sync-0",container_name="sync"',
    address: '2001:db8:81::1',
    growth: 500,
    country: 'JP',
  },
  { owner: 'container_name="ssh.service"', address: '10.0.0.1', growth: 0, country: undefined },
]
const recordedSeconds = 300
const startSeconds = Math.floor(Date.now() / 10_000) * 10 - recordedSeconds
const stack = new AsyncDisposableStack()
let prometheus = ''
let geoip: FunctionProcess
let flags: string[] = []

beforeAll(async () => {
  const folder = stack.use(mkdtempDisposableSync(join(tmpdir(), 'geoip-prometheus-')))
  const database = join(folder.path, 'places.mmdb')
  writeMmdb(database, cities)
  const [port = 0] = await freePorts('any')
  prometheus = `http://127.0.0.1:${port}`
  flags = ['-p', prometheus, '-i', 'destination_ip', '-d', database]
  const labels = ['-l', 'k8s_namespace', '-l', 'k8s_pod']
  geoip = stack.use(
    await startProcess('geoip', [...flags, ...labels, '--interval=1s'], { QUERY: query2021 }),
  )
  recordSamples(folder.path)
  const targets = { geo: [new URL(geoip.url).host] }
  stack.use(await startPrometheus(folder.path, targets, port))
}, 60_000)

afterAll(() => stack.disposeAsync())

test('the QUERY of 2021 runs as it stands and geo_ip gets coordinates into Prometheus', async () => {
  await untilText(`${geoip.url}/metrics`, text => text.includes('geo_ip{'))
  const located = encodeURIComponent('geo_ip{latitude!=""}')
  const text = await untilText(`${prometheus}/api/v1/query?query=${located}`, body =>
    body.includes('longitude'),
  )
  const series = JSON.parse(text).data.result
  const found = series.map(({ metric, value }: { metric: object; value: [number, string] }) => ({
    ...metric,
    value: Number(value[1]),
  }))
  expect(found).toContainEqual({
    __name__: 'geo_ip',
    job: 'geo',
    instance: new URL(geoip.url).host,
    ip: '192.0.2.1',
    k8s_namespace: 'shop',
    k8s_pod: 'checkout-0',
    country: 'DE',
    city: 'Berlin',
    region: 'Land Berlin',
    zip: '10115',
    latitude: '52.52',
    longitude: '13.405',
    value: 6_500,
  })
  expect(found).toHaveLength(3)
})

test('/api/connections gives totals, rates over the window and places, row by row', async () => {
  const text = await untilText(`${geoip.url}/api/connections?window=300s`, body =>
    body.includes('checkout-0'),
  )
  const { rows, truncated, problem } = JSON.parse(text)
  expect([truncated, problem]).toEqual([0, null])
  expect(rows).toHaveLength(4)
  const byAddress = Object.fromEntries(rows.map((row: { address: string }) => [row.address, row]))
  expect(byAddress['198.51.100.1']).toEqual({
    namespace: 'shop',
    pod: 'checkout-0',
    container: 'app',
    node: 'node-1',
    role: 'client',
    address: '198.51.100.1',
    port: 443,
    isPublic: true,
    country: 'BR',
    countryName: 'Brazil',
    city: 'São Paulo',
    region: 'São Paulo',
    latitude: -23.55,
    longitude: -46.63,
    accuracyKm: null,
    asNumber: null,
    asOrganization: null,
    verdict: 'unknown',
    violates: [],
    bytesSent: 6_500,
    bytesReceived: 777,
    sentPerSecond: 0,
    receivedPerSecond: 0,
  })
  const berlin = byAddress['192.0.2.1']
  expect(berlin).toMatchObject({ city: 'Berlin' })
  // 100 and 1,000, less a little with each second since the recording ended.
  expect(berlin.sentPerSecond).toBeGreaterThan(75)
  expect(berlin.sentPerSecond).toBeLessThan(101)
  expect(berlin.receivedPerSecond).toBeCloseTo(10 * berlin.sentPerSecond, 6)
  expect(byAddress['10.0.0.1']).toMatchObject({
    namespace: null,
    pod: null,
    container: 'ssh.service',
    isPublic: false,
    country: null,
  })
})

test.each([
  ['', 200],
  ['&namespace=shop', 100],
  ['&namespace=shop&namespace=billing&pod=sync-0', 100],
  ['&container=app&container=sync', 200],
  ['&namespace=', 0],
  ['&country=DE', 100],
  ['&country=DE&country=JP', 200],
  ['&country=BR', 0],
  ['&country=none', 0],
  ['&country=none&country=JP', 100],
])(
  '/api/history%s is %d bytes per second at each step of a time gone by',
  async (filters, sent) => {
    const end = startSeconds + recordedSeconds - 10
    const { stepSeconds, points } = await historyOf(`window=200s&end=${end}${filters}`)
    expect(stepSeconds).toBe(10)
    expect(points.map(({ seconds }) => seconds)).toEqual(
      Array.from({ length: 21 }, (_, step) => end - 200 + step * 10),
    )
    for (const { sentPerSecond, receivedPerSecond } of points) {
      expect(sentPerSecond).toBeCloseTo(sent, 9)
      expect(receivedPerSecond).toBeCloseTo(10 * sent, 9)
    }
  },
)

test('/api/history has no value before anything was counted, for what nothing fits, and 61 steps at most', async () => {
  const end = startSeconds + recordedSeconds - 10
  const { points: before } = await historyOf(`window=900s&end=${end}`)
  const counted = before.filter(({ sentPerSecond }) => sentPerSecond !== null)
  expect(counted.map(({ seconds }) => seconds).filter(seconds => seconds < startSeconds)).toEqual(
    [],
  )
  expect(counted.at(-1)).toMatchObject({ seconds: Math.floor(end / 15) * 15 })
  expect(before[0]).toMatchObject({ sentPerSecond: null, receivedPerSecond: null })
  const { points: nothing } = await historyOf(`window=60s&end=${end}&namespace=nobody`)
  expect(new Set(nothing.map(({ sentPerSecond }) => sentPerSecond))).toEqual(new Set([null]))
  const { stepSeconds, points: day } = await historyOf('window=86400s')
  expect([stepSeconds, day.length]).toEqual([1_440, 61])
})

test('/api/history takes the characters of names literally, not as a pattern', async () => {
  const end = startSeconds + recordedSeconds - 10
  for (const name of ['.*', 'shop|billing', 'sh"op', 'shop\\', '{}']) {
    const query = `window=60s&end=${end}&namespace=${encodeURIComponent(name)}`
    for (const point of (await historyOf(query)).points) expect(point.sentPerSecond).toBeNull()
  }
})

type History = {
  readonly stepSeconds: number
  readonly points: readonly {
    readonly seconds: number
    readonly sentPerSecond: number | null
    readonly receivedPerSecond: number | null
  }[]
}

async function historyOf(query: string): Promise<History> {
  const { problem, ...history } = await (await fetch(`${geoip.url}/api/history?${query}`)).json()
  expect(problem).toBeNull()
  return history
}

test('PromQL that Prometheus refuses is one line with its own words and the query', async () => {
  const query = 'sum by (destination_ip (bytes_tx)'
  await using refused = await startProcess('geoip', [...flags, '--interval=1s'], { QUERY: query })
  await untilText(`${refused.url}/metrics`, text =>
    /query_failures_total\{query="default",reason="refused"\} [2-9]/.test(text),
  )
  const lines = refused
    .stderr()
    .split('\n')
    .filter(line => line.includes('refuses'))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(`Prometheus refuses the query "${query}": invalid parameter "query"`)
  expect(lines[0]).toContain('parse error')
  expect(await (await fetch(`${refused.url}/readyz`)).text()).toContain(lines[0]?.slice(16))
})

/** Five minutes of traffic that ends before now: a scrape before the last sample would be refused. */
function recordSamples(folder: string): void {
  const steps = Array.from({ length: 60 }, (_, step) => step)
  const record = (
    name: string,
    value: (connection: (typeof connections)[number], step: number) => number,
  ) =>
    connections.flatMap(connection =>
      steps.map(step => {
        const { owner, address } = connection
        const labels = `${owner},source_host="node-1",role="client",protocol="tcp",destination_ip="${address}",destination_port="443"`
        return `${name}{${labels}} ${value(connection, step)} ${startSeconds + step * 5}`
      }),
    )
  const text = [
    '# TYPE podatlas_transmit_bytes counter',
    ...record('podatlas_transmit_bytes_total', ({ growth }, step) => 6_500 + growth * step),
    '# TYPE podatlas_receive_bytes counter',
    ...record('podatlas_receive_bytes_total', ({ growth }, step) => 777 + 10 * growth * step),
    '# TYPE podatlas_geo_info gauge',
    ...connections.flatMap(({ address, country }) =>
      country === undefined
        ? []
        : steps.map(
            step =>
              `podatlas_geo_info{destination_ip="${address}",country="${country}"} 1 ${startSeconds + step * 5}`,
          ),
    ),
    '# TYPE bytes_tx gauge',
    ...record('bytes_tx', () => 6_500),
    '# EOF',
    '',
  ].join('\n')
  writeFileSync(join(folder, 'samples.txt'), text)
  mkdirSync(join(folder, 'data'))
  const words = ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'samples.txt')]
  execFileSync('promtool', [...words, join(folder, 'data')])
}
