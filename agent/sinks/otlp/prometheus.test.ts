import { expect, test } from 'vitest'
import type { Series } from '../../model.ts'
import { agentBatches } from '../test/conformance-sender.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries } from '../test/examples.ts'
import { otlpSenderTo } from '../test/otlp-sender.ts'
import { realPrometheus } from '../test/real-prometheus.ts'

const SECOND_MS = 1_000

test('the real Prometheus has values, names, labels, starts and ends as docs/otlp.md says', async () => {
  await using prometheus = await realPrometheus([], undefined, {
    config: { otlp: { promote_resource_attributes: ['k8s.pod.name'] } },
    args: ['--web.enable-otlp-receiver', '--enable-feature=created-timestamp-zero-ingestion'],
  })
  const endpoint = prometheus.endpoint.replace('/api/v1/write', '/api/v1/otlp')
  const target = otlpSenderTo(endpoint)
  const nowMs = Date.now()
  const series = { ...exampleSeries('web-1'), startMs: nowMs - 9 * SECOND_MS }
  for (const value of [1, 2, 3])
    target.offer(exampleSample(series, value, nowMs - (6 - value) * SECOND_MS))
  target.offer({ timestampMs: nowMs, series: [series] })
  await target[Symbol.asyncDispose]()
  expect(target.lines).toEqual([])
  const query = 'podatlas_transmit_bytes_total'
  expect(await prometheus.query(query, nowMs - SECOND_MS)).toEqual([
    {
      metric: {
        __name__: 'podatlas_transmit_bytes_total',
        job: 'podatlas',
        instance: 'web-1',
        k8s_pod_name: 'web-1',
        network_io_direction: 'transmit',
        network_peer_address: '192.0.2.7',
        network_transport: 'tcp',
        role: 'client',
        server_address: '192.0.2.7',
        server_port: '443',
      },
      value: 3,
    },
  ])
  expect(await prometheus.query(query, nowMs - 8 * SECOND_MS)).toMatchObject([{ value: 0 }])
  expect(await prometheus.query(query, nowMs)).toEqual([])
})

const LABELS: Readonly<Record<string, string>> = {
  container_name: 'k8s_container_name',
  destination_ip: 'network_peer_address',
  destination_port: 'server_port',
  k8s_namespace: 'k8s_namespace_name',
  k8s_pod: 'k8s_pod_name',
  protocol: 'network_transport',
  source_host: 'host_name',
}

/** The series by the names that docs/otlp.md gives it in a Prometheus that promotes all attributes. */
function inPrometheus({ metric, target }: Series): Record<string, string> {
  const own = [...metric.labels.filter(([name]) => name !== '__name__'), ...target]
  const of = Object.fromEntries(own)
  const id = [of.source_host, of.k8s_namespace, of.k8s_pod, of.container_name]
  const instance = id.filter(value => value !== undefined).join('/')
  const service = metric.name.startsWith('podatlas_agent_') ? 'podatlas-agent' : 'podatlas'
  const direction = /^podatlas_(transmit|receive)_/.exec(metric.name)?.[1]
  const hasTotal = metric.type !== 'counter' || metric.name.endsWith('_total')
  return {
    __name__: hasTotal ? metric.name : `${metric.name}_total`,
    ...Object.fromEntries(own.map(([name, value]) => [LABELS[name] ?? name, value])),
    ...(of.destination_ip !== undefined && { server_address: of.destination_ip }),
    ...(direction !== undefined && { network_io_direction: direction }),
    job: service,
    service_name: service,
    instance,
    service_instance_id: instance,
  }
}

const asText = (labels: Readonly<Record<string, string>>, value: number) =>
  JSON.stringify([
    Object.entries(labels).toSorted(([one], [other]) => one.localeCompare(other)),
    value,
  ])

test('every metric of the agent answers PromQL by its name, with its labels and value', async () => {
  await using prometheus = await realPrometheus([], undefined, {
    config: { otlp: { promote_all_resource_attributes: true } },
    args: ['--web.enable-otlp-receiver'],
  })
  const target = otlpSenderTo(prometheus.endpoint.replace('/api/v1/write', '/api/v1/otlp'))
  const batches = agentBatches()
  for (const batch of batches) target.offer(batch)
  await target[Symbol.asyncDispose]()
  expect(target.lines).toEqual([])
  // Before the traffic ends.
  const atMs = EXAMPLE_MS + 10 * SECOND_MS
  const newest = new Map<string, string>()
  for (const { timestampMs, series, values } of batches)
    if (values && timestampMs <= atMs)
      for (const [index, one] of series.entries()) {
        const labels = inPrometheus(one)
        newest.set(asText(labels, 0), asText(labels, values[index] ?? 0))
      }
  const answered = await prometheus.query('{__name__=~".+",__name__!="target_info"}', atMs)
  const found = answered.map(({ metric, value }) => asText(metric, value))
  expect(found.toSorted()).toEqual([...newest.values()].toSorted())
})
