import { expect, test } from 'vitest'
import { exampleSample, exampleSeries } from './examples.ts'
import { otlpSenderTo } from './otlp-sender.ts'
import { realPrometheus } from './real-prometheus.ts'

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
