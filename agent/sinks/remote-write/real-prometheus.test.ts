import { afterAll, beforeAll, expect, test } from 'vitest'
import { aggregation } from '../../aggregate/aggregate.ts'
import { ownMetrics } from '../../aggregate/own-metrics.ts'
import type { AttributedFlow, Samples } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'
import { exampleFlow } from '../../test/example-flow.ts'
import { reading } from '../test/examples.ts'
import { realPrometheus } from '../test/real-prometheus.ts'
import { RemoteWriteOptions } from './options.ts'
import { remoteWrite } from './remote-write.ts'

const INTERVAL_MS = 10_000
let prometheus: Awaited<ReturnType<typeof realPrometheus>>
beforeAll(async () => {
  prometheus = await realPrometheus()
}, 60_000)
afterAll(() => prometheus[Symbol.asyncDispose]())

/** An agent's second half: flows in, samples in the real Prometheus. One per test, told apart by node. */
function node(nodeName: string, idleMs = 3_600_000, startedMs = 0) {
  const telemetry = createTelemetry(nodeName, '1.2.3')
  const options = { cluster: '', intervalMs: INTERVAL_MS, startedMs }
  const aggregate = aggregation({
    ...options,
    nodeName,
    names2021: true,
    maxSeries: 10_000,
    idleMs,
    telemetry,
  })
  const own = ownMetrics({ ...options, registry: telemetry.registry })
  const sink = remoteWrite({
    name: 'main',
    options: RemoteWriteOptions.parse({ type: 'prometheus', endpoint: prometheus.endpoint }),
    version: '1.2.3',
    telemetry,
    log: line => expect.fail(line),
  })
  const offer = (batches: readonly Samples[]) => {
    for (const batch of batches) sink.offer(batch)
  }
  return { aggregate, own, offer, sink, telemetry }
}

function flow(changed: Partial<AttributedFlow>): AttributedFlow {
  return exampleFlow({
    bytesSent: 4_096,
    bytesReceived: 7,
    connectionsOpened: 1,
    owner: { namespace: 'shop', pod: 'web-1', container: 'nginx' },
    ...changed,
  })
}

test('every sample of many series arrives with its labels and exact bytes', async () => {
  const { aggregate, offer, sink, telemetry } = node('node-many')
  const nowMs = Date.now()
  const flows = Array.from({ length: 1_000 }, (_, i) =>
    flow({ remoteAddress: `192.0.2.${i % 250}`, servicePort: 1_000 + i, bytesSent: 2 ** 40 + i }),
  )
  offer(aggregate(flows, nowMs))
  await sink[Symbol.asyncDispose]()
  expect(reading(telemetry.sinkSamplesSent, { sink: 'main' })).toBe(10_000)
  const where = '{source_host="node-many"}'
  expect(await prometheus.query(`sum(podatlas_transmit_bytes_total${where})`, nowMs)).toEqual([
    { metric: {}, value: 1_000 * 2 ** 40 + (999 * 1_000) / 2 },
  ])
  expect(await prometheus.query(`count({source_host="node-many"})`, nowMs)).toEqual([
    { metric: {}, value: 5_000 },
  ])
  const one = 'bytes_tx{source_host="node-many",destination_port="1007"}'
  expect(await prometheus.query(one, nowMs)).toEqual([
    {
      metric: {
        __name__: 'bytes_tx',
        container_name: 'nginx',
        destination_ip: '192.0.2.7',
        destination_port: '1007',
        event: 'Close',
        k8s_namespace: 'shop',
        k8s_pod: 'web-1',
        protocol: 'tcp',
        role: 'client',
        source_host: 'node-many',
      },
      value: 2 ** 40 + 7,
    },
  ])
})

test('one burst and never again has a rate, thanks to the zero before it', async () => {
  const { aggregate, offer, sink } = node('node-burst')
  const nowMs = Date.now()
  offer(aggregate([flow({})], nowMs - 3 * INTERVAL_MS))
  for (const ago of [2, 1, 0]) offer(aggregate([], nowMs - ago * INTERVAL_MS))
  await sink[Symbol.asyncDispose]()
  const [rate] = await prometheus.query(
    'sum(rate(podatlas_transmit_bytes_total{source_host="node-burst"}[1m]))',
    nowMs,
  )
  expect(rate?.value).toBeGreaterThan(0)
})

test('the first failure of an old target has a rate, and its smallest round-trip time no zero', async () => {
  const { aggregate, offer, sink } = node('node-late')
  const nowMs = Date.now()
  offer(aggregate([flow({})], nowMs - 2 * INTERVAL_MS))
  offer(aggregate([flow({ failedTimedOut: 1, rttMinUs: 250 })], nowMs - INTERVAL_MS))
  offer(aggregate([], nowMs))
  await sink[Symbol.asyncDispose]()
  const failed =
    'sum by (reason) (rate(podatlas_connections_failed_total{source_host="node-late"}[1m]))'
  const [rate] = await prometheus.query(failed, nowMs)
  expect(rate?.metric).toEqual({ reason: 'timed_out' })
  expect(rate?.value).toBeGreaterThan(0)
  const least = 'min_over_time(podatlas_tcp_rtt_min_seconds{source_host="node-late"}[1m])'
  expect(await prometheus.query(least, nowMs)).toMatchObject([{ value: 0.000_25 }])
})

test('a series that ends is gone at once, and comes back from zero without a refusal', async () => {
  const { aggregate, offer, sink, telemetry } = node('node-stale', INTERVAL_MS)
  const nowMs = Date.now()
  offer(aggregate([flow({})], nowMs - 2 * INTERVAL_MS))
  offer(aggregate([], nowMs - INTERVAL_MS))
  offer(aggregate([flow({ bytesSent: 5 })], nowMs))
  await sink[Symbol.asyncDispose]()
  const sent = 'podatlas_transmit_bytes_total{source_host="node-stale"}'
  expect(await prometheus.query(sent, nowMs - 2 * INTERVAL_MS)).toMatchObject([{ value: 4_096 }])
  expect(await prometheus.query(sent, nowMs - INTERVAL_MS)).toEqual([])
  expect(await prometheus.query(sent, nowMs)).toMatchObject([{ value: 5 }])
  expect(await prometheus.query(`resets(${sent}[1m])`, nowMs)).toMatchObject([{ value: 1 }])
  expect(reading(telemetry.sinkSamplesDropped, {})).toBe(0)
})

test('a restarted agent begins anew: one visible reset, no refusal, and nothing is counted twice', async () => {
  const nowMs = Date.now()
  const before = node('node-restart')
  before.offer(before.aggregate([flow({})], nowMs - 3 * INTERVAL_MS))
  before.offer(before.aggregate([flow({})], nowMs - 2 * INTERVAL_MS))
  await before.sink[Symbol.asyncDispose]()
  const after = node('node-restart', 3_600_000, nowMs - 2 * INTERVAL_MS + 1)
  after.offer(after.aggregate([flow({ bytesSent: 1_000 })], nowMs - INTERVAL_MS))
  after.offer(after.aggregate([], nowMs))
  await after.sink[Symbol.asyncDispose]()
  const sent = 'podatlas_transmit_bytes_total{source_host="node-restart"}'
  expect(await prometheus.query(`resets(${sent}[1m])`, nowMs)).toMatchObject([{ value: 1 }])
  const [increase] = await prometheus.query(`increase(${sent}[40s])`, nowMs)
  expect(increase?.value).toBeGreaterThanOrEqual(4_096 + 1_000)
  expect(increase?.value).toBeLessThan(2 * 4_096 + 1_000 + 1)
  expect(reading(after.telemetry.sinkSamplesDropped, {})).toBe(0)
})

test("the agent's own metrics travel along", async () => {
  const { own, offer, sink, telemetry } = node('node-own')
  const nowMs = Date.now()
  offer(own(nowMs - INTERVAL_MS))
  telemetry.lostBytes.inc({ reason: 'flows_full' }, 77)
  offer(own(nowMs))
  await sink[Symbol.asyncDispose]()
  const info = await prometheus.query('podatlas_agent_info{source_host="node-own"}', nowMs)
  expect(info).toMatchObject([{ metric: { version: '1.2.3' }, value: 1 }])
  const lost = 'increase(podatlas_agent_lost_bytes_total{source_host="node-own"}[1m])'
  const [increase] = await prometheus.query(lost, nowMs)
  expect(increase?.value).toBeGreaterThan(0)
})
