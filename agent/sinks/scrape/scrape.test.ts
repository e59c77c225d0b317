import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { toolPath } from '../../../ci/tools/tool.ts'
import type { Labels, Series } from '../../model.ts'
import { startServer } from '../../server.ts'
import { createTelemetry } from '../../telemetry.ts'
import { arrivedOf } from '../../test/sample.ts'
import { agentBatches } from '../test/conformance-sender.ts'
import { exampleSample, exampleSamples, exampleSeries, reading } from '../test/examples.ts'
import { realPrometheus } from '../test/real-prometheus.ts'
import { ScrapeOptions } from './options.ts'
import { scrape } from './scrape.ts'
import { until } from '../test/write-receiver.ts'

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0'
const TEXT = 'text/plain;version=0.0.4'

/** An open sink, and the agent's server that shows it. */
async function shown(settings: object = {}) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const options = ScrapeOptions.parse({ type: 'scrape', ...settings })
  const parts = { name: 'page', version: '1.2.3', telemetry, log: () => undefined }
  const sink = scrape({ ...parts, options })
  const server = await startServer({
    listen: { host: '127.0.0.1', port: 0 },
    telemetry,
    pages: sink.page ? [sink.page] : [],
    vitals: () => ({ isAlive: true, isReady: true }),
  })
  return Object.assign(server, { telemetry, offer: sink.offer })
}

async function ask(
  port: number,
  headers: Record<string, string> = {},
  path = '/metrics',
  method = 'GET',
) {
  const request = get({ host: '127.0.0.1', port, path, headers, method, agent: false })
  if (method !== 'GET') request.end()
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (!response) throw new Error('no answer')
  const body = await buffer(response)
  const isGzipped = response.headers['content-encoding'] === 'gzip'
  return {
    status: response.statusCode,
    headers: response.headers,
    bytes: body.length,
    text: (isGzipped ? gunzipSync(body) : body).toString(),
  }
}

const sorted = (labels: Labels) => labels.toSorted(([a], [b]) => (a < b ? -1 : 1))

const told = (text: string, name: string) => text.split('\n').filter(line => line.startsWith(name))

test('a series is on the page from its birth to its end, with its newest value', async () => {
  await using agent = await shown()
  const [web, other] = [exampleSeries('web-1'), exampleSeries('web-2')]
  const lines = async () => told((await ask(agent.port)).text, 'podatlas_transmit_bytes_total')
  agent.offer(exampleSamples([[web, 0]]))
  expect(await lines()).toEqual([
    'podatlas_transmit_bytes_total{destination_ip="192.0.2.7",destination_port="443",' +
      'k8s_pod="web-1",protocol="tcp",role="client"} 0',
  ])
  agent.offer(
    exampleSamples([
      [web, 4_096],
      [other, 7],
    ]),
  )
  expect(await lines()).toEqual([
    expect.stringMatching(/web-1.* 4096$/),
    expect.stringMatching(/web-2.* 7$/),
  ])
  agent.offer({ timestampMs: 0, series: [web] })
  expect(await lines()).toEqual([expect.stringMatching(/web-2.* 7$/)])
})

test('the agent’s own metrics are on /metrics once, and a page elsewhere holds the traffic only', async () => {
  await using agent = await shown({ path: '/metrics/traffic' })
  for (const batch of agentBatches()) agent.offer(batch)
  const own = (await ask(agent.port)).text
  const traffic = (await ask(agent.port, {}, '/metrics/traffic')).text
  expect(told(own, 'podatlas_agent_info')).toHaveLength(1)
  expect(told(own, 'podatlas_transmit_bytes_total')).toEqual([])
  expect(told(traffic, 'podatlas_agent_')).toEqual([])
  await using both = await shown()
  for (const batch of agentBatches()) both.offer(batch)
  expect(told((await ask(both.port)).text, 'podatlas_agent_info')).toHaveLength(1)
})

test.each([
  ['nothing', undefined, TEXT],
  ['anything', '*/*', TEXT],
  ['a browser', 'text/html,application/xml;q=0.9,*/*;q=0.8', TEXT],
  ['OpenMetrics', OPENMETRICS, OPENMETRICS],
  ['an older OpenMetrics', 'application/openmetrics-text;version=0.0.1', TEXT],
  [
    'Prometheus 2',
    `${OPENMETRICS},application/openmetrics-text;version=0.0.1;q=0.75,${TEXT};q=0.5,*/*;q=0.1`,
    OPENMETRICS,
  ],
  [
    'Prometheus 3',
    `application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,${TEXT};q=0.4,*/*;q=0.3`,
    OPENMETRICS,
  ],
  ['text before OpenMetrics', `${OPENMETRICS};q=0.2,${TEXT};q=0.4`, TEXT],
  ['no OpenMetrics', `${OPENMETRICS};q=0,*/*;q=0.1`, TEXT],
])('who asks for %s gets the format they prefer', async (_, accept, type) => {
  await using agent = await shown()
  const { headers, text } = await ask(agent.port, accept === undefined ? {} : { accept })
  expect(headers['content-type']).toBe(`${type.replace(';', '; ')}; charset=utf-8`)
  expect(text.endsWith('# EOF\n')).toBe(type === OPENMETRICS)
  expect(headers.vary).toBe('accept, accept-encoding')
})

test('a page is compressed for those who take gzip, and only for them; HEAD has no body', async () => {
  await using agent = await shown()
  agent.offer(
    exampleSamples(Array.from({ length: 1_000 }, (_, i) => [exampleSeries(`web-${i}`), i])),
  )
  const plain = await ask(agent.port, { 'accept-encoding': 'deflate, gzip;q=0' })
  const packed = await ask(agent.port, { 'accept-encoding': 'deflate, gzip;q=0.5' })
  expect(packed.headers['content-encoding']).toBe('gzip')
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(packed.text).toBe(plain.text)
  expect(packed.bytes).toBeLessThan(plain.bytes / 10)
  const head = await ask(agent.port, {}, '/metrics', 'HEAD')
  expect(head).toMatchObject({
    status: 200,
    bytes: 0,
    headers: { 'content-type': plain.headers['content-type'] },
  })
})

test('in OpenMetrics families have units, and counters and summaries say since when they count', async () => {
  await using agent = await shown({ created: true })
  for (const batch of agentBatches().slice(0, 4)) agent.offer(batch)
  const { text } = await ask(agent.port, { accept: OPENMETRICS })
  expect(told(text, '# UNIT podatlas_t').toSorted()).toEqual([
    '# UNIT podatlas_tcp_rtt_min_seconds seconds',
    '# UNIT podatlas_tcp_rtt_seconds seconds',
    '# UNIT podatlas_transmit_bytes bytes',
  ])
  expect(told(text, '# TYPE podatlas_t').toSorted()).toEqual([
    '# TYPE podatlas_tcp_retransmits counter',
    '# TYPE podatlas_tcp_rtt_min_seconds gauge',
    '# TYPE podatlas_tcp_rtt_seconds summary',
    '# TYPE podatlas_transmit_bytes counter',
    '# TYPE podatlas_transmit_datagrams counter',
  ])
  // As in the second that the zero of a pushed series is stamped with.
  const since = told(text, 'podatlas_transmit_bytes_created').map(line => line.split('} ')[1])
  expect(since).toEqual(['1789999990', '1789999990', '1789999990'])
  await using without = await shown()
  for (const batch of agentBatches().slice(0, 4)) without.offer(batch)
  const { text: bare } = await ask(without.port, { accept: OPENMETRICS })
  expect(bare).not.toContain('_created{')
  // In OpenMetrics that would be bytes_tx_total.
  expect(told(text, '# TYPE bytes_tx')).toEqual(['# TYPE bytes_tx unknown'])
})

test('promtool finds nothing to say about the page', async () => {
  await using agent = await shown({ path: '/metrics/all' })
  // But for those of 2021, whose names it cannot like.
  const batches = agentBatches().map(({ timestampMs, series, values }) => {
    const kept = series.flatMap((one, i) => (one.metric.name.startsWith('bytes_') ? [] : [i]))
    const pick = (index: number): Series => series[index] ?? exampleSeries()
    return {
      timestampMs,
      series: kept.map(pick),
      ...(values && { values: Float64Array.from(kept, index => values[index] ?? 0) }),
    }
  })
  for (const batch of batches.slice(0, 4)) agent.offer(batch)
  const { text } = await ask(agent.port, {}, '/metrics/all')
  const promtool = toolPath('prometheus', 'promtool')
  expect(execFileSync(promtool, ['check', 'metrics'], { input: text }).toString()).toBe('')
  expect(told(text, 'podatlas_')).not.toEqual([])
})

const ZEROS = '--enable-feature=created-timestamp-zero-ingestion'

test.each([
  ['PrometheusText0.0.4', [], {}],
  ['OpenMetricsText1.0.0', [], {}],
  ['OpenMetricsText1.0.0', [ZEROS], { created: true }],
])(
  'a real Prometheus that scrapes %s (%j, %j) stores what was offered, and nothing else',
  async (format, args, settings) => {
    await using agent = await shown(settings)
    const awkward = exampleSeries('wéb "1"\\\n漢')
    const batches = [...agentBatches().slice(0, 4), exampleSample(awkward, 2 ** 53)]
    for (const batch of batches) agent.offer(batch)
    const target = { targets: [`127.0.0.1:${agent.port}`] }
    const job = {
      job_name: 'podatlas',
      scrape_interval: '1s',
      scrape_protocols: [format],
      static_configs: [target],
    }
    await using prometheus = await realPrometheus([], undefined, {
      config: { scrape_configs: [job] },
      args,
    })
    const all = () => prometheus.query('{job="podatlas",k8s_pod!=""}', Date.now())
    await until(async () => (await all()).length > 0)
    const stored = (await all()).map(
      ({ metric: { job: _job, instance: _instance, ...labels }, value }) =>
        JSON.stringify([sorted(Object.entries(labels)), value]),
    )
    const newest = new Map<string, string>()
    for (const { labels, value, isStale } of batches.flatMap(arrivedOf)) {
      const key = JSON.stringify(sorted(labels))
      if (key.includes('k8s_pod') && !isStale)
        newest.set(key, JSON.stringify([sorted(labels), value]))
    }
    expect(stored.toSorted()).toEqual([...newest.values()].toSorted())
    expect(await prometheus.query('up{job="podatlas"}', Date.now())).toMatchObject([{ value: 1 }])
  },
)

test('with its feature flag a Prometheus sees a counter rise from 0 that was never scraped at 0', async () => {
  await using agent = await shown({ created: true })
  const born = { ...exampleSeries(), startMs: Date.now() - 5_000 }
  agent.offer(exampleSample(born, 4_096))
  const job = {
    job_name: 'podatlas',
    scrape_interval: '1s',
    scrape_protocols: ['OpenMetricsText1.0.0'],
    static_configs: [{ targets: [`127.0.0.1:${agent.port}`] }],
  }
  await using prometheus = await realPrometheus([], undefined, {
    config: { scrape_configs: [job] },
    args: [ZEROS],
  })
  const seen = () =>
    prometheus.query(
      'max_over_time(podatlas_transmit_bytes_total[1m]) - min_over_time(podatlas_transmit_bytes_total[1m])',
      Date.now(),
    )
  await until(async () => (await seen()).length > 0)
  expect(await seen()).toMatchObject([{ value: 4_096 }])
})

test('scrapers that are too many or never read are turned away, counted, and cost others nothing', async () => {
  await using agent = await shown()
  // More than the buffers of sockets hold.
  const long = Array.from({ length: 3_000 }, (_, i) => exampleSeries(`${i}-${'x'.repeat(10_000)}`))
  agent.offer(exampleSamples(long.map((one, i) => [one, i])))
  const hung = Array.from({ length: 10 }, () => {
    const socket = connect(agent.port, '127.0.0.1').on('error', () => undefined)
    socket.pause().write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
    return socket
  })
  const busy = () => reading(agent.telemetry.scrapeFailures, { reason: 'busy' })
  await until(async () => (await ask(agent.port)).status === 503)
  expect(busy()).toBeGreaterThan(0)
  expect((await ask(agent.port, {}, '/healthz')).status).toBe(200)
  for (const socket of hung) socket.destroy()
  await until(() => reading(agent.telemetry.scrapeFailures, { reason: 'gone' }) === 10)
  expect((await ask(agent.port)).status).toBe(200)
})

test.each([
  [{ path: '/healthz' }, /path of its own/],
  [{ path: 'metrics' }, /path of its own/],
  [{ pth: '/x' }, /pth/],
])('%j is refused', (settings, fault) => {
  expect(ScrapeOptions.safeParse({ type: 'scrape', ...settings }).error?.message).toMatch(fault)
})
