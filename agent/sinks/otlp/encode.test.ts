import { expect, test } from 'vitest'
import type { Labels, Series } from '../../model.ts'
import { sortedLabels } from '../../aggregate/labels.ts'
import { arrivedOf } from '../../test/sample.ts'
import { agentBatches } from '../test/conformance-sender.ts'
import { EXAMPLE_MS, exampleSample, exampleSamples, exampleSeries } from '../test/examples.ts'
import { arrivedIn, decodeOtlp, pointsOf } from '../test/otlp-decode.ts'
import { otlpEncoder, type EncoderOptions } from './encode.ts'

const MIB = 1_048_576

function encode(samples: Parameters<ReturnType<typeof otlpEncoder>>[0], changed = {}) {
  const options: EncoderOptions = {
    version: '1.2.3',
    isKubernetes: true,
    maxBytes: MIB,
    ...changed,
  }
  return otlpEncoder(options)(samples)
}

function decoded(samples: Parameters<ReturnType<typeof otlpEncoder>>[0], changed = {}) {
  return decodeOtlp(encode(samples, changed) ?? fail())
}

function onlyPoint(samples: Parameters<ReturnType<typeof otlpEncoder>>[0], changed = {}) {
  const [point, ...others] = pointsOf(decoded(samples, changed))
  expect(others).toEqual([])
  return point ?? fail()
}

function fail(): never {
  throw new Error('nothing was encoded')
}

function seriesOf(labels: Record<string, string>, name = 'podatlas_transmit_bytes_total'): Series {
  const target: Labels = sortedLabels(labels)
  const metric = { name, help: 'Help', type: 'counter', labels: [['__name__', name]] } as const
  return { metric, target, startMs: EXAMPLE_MS - 1_000 }
}

test('everything an agent offers is read by a decoder that is not ours, label by label', () => {
  for (const batch of agentBatches()) {
    const expected = arrivedOf(batch).map(({ labels, ...rest }) => ({
      // What a counter is called without _total, Prometheus calls so with it.
      labels: labels.map(([name, value]) => [
        name,
        name === '__name__' ? totalled(value, batch.series) : value,
      ]),
      ...rest,
    }))
    expect(arrivedIn(decoded(batch)).toSorted(byText)).toEqual(expected.toSorted(byText))
  }
})

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left).localeCompare(JSON.stringify(right))
}

function totalled(name: string, series: readonly Series[]): string {
  const isCounter = series.some(({ metric }) => metric.name === name && metric.type === 'counter')
  return isCounter && !name.endsWith('_total') ? `${name}_total` : name
}

test('a counter is a cumulative monotonic sum with its start, and its bytes are a whole number', () => {
  const { metric, point } = onlyPoint(exampleSample(exampleSeries(), 2 ** 53 - 1, EXAMPLE_MS + 9))
  expect(metric).toMatchObject({ name: 'podatlas.transmit_bytes', unit: 'By' })
  expect(metric.sum).toMatchObject({ aggregation_temporality: 2, is_monotonic: true })
  expect(point).toMatchObject({
    as_int: '9007199254740991',
    start_time_unix_nano: `${EXAMPLE_MS}000000`,
    time_unix_nano: `${EXAMPLE_MS + 9}000000`,
    flags: 0,
  })
})

test.for([
  ['podatlas_tcp_rtt_seconds_sum', 2, { as_double: 2 }],
  ['podatlas_tcp_rtt_seconds_sum', 0.25, { as_double: 0.25 }],
  ['podatlas_tcp_rtt_seconds_count', 3, { as_int: '3' }],
  ['podatlas_tcp_retransmits_total', 0, { as_int: '0' }],
  ['podatlas_tcp_retransmits_total', -1, { as_int: '-1' }],
  ['podatlas_tcp_retransmits_total', 2 ** 53, { as_double: 2 ** 53 }],
  ['podatlas_tcp_retransmits_total', 0.5, { as_double: 0.5 }],
] as const)('%s of %d is sent as %o', ([name, value, sent]) => {
  const { point } = onlyPoint(exampleSample(seriesOf({}, name), value))
  expect(point).toMatchObject(sent)
})

test('a gauge is a gauge, and has no start', () => {
  const series = seriesOf({ source_host: 'node-1' }, 'podatlas_tcp_rtt_min_seconds')
  const gauge = { ...series, metric: { ...series.metric, type: 'gauge' } } as const
  const { metric, point } = onlyPoint(exampleSample(gauge, 0.001))
  expect(metric).toMatchObject({ name: 'podatlas.tcp_rtt_min_seconds', unit: 's' })
  expect(metric.gauge?.data_points).toHaveLength(1)
  expect(point).not.toHaveProperty('start_time_unix_nano')
})

test('a series that ends has a point without a value, flagged as such', () => {
  const { point } = onlyPoint({ timestampMs: EXAMPLE_MS + 5, series: [exampleSeries()] })
  expect(point).toEqual({
    attributes: point.attributes,
    start_time_unix_nano: `${EXAMPLE_MS}000000`,
    time_unix_nano: `${EXAMPLE_MS + 5}000000`,
    flags: 1,
  })
})

test('a start is never after its sample, even if the clock was set back in between', () => {
  const { point } = onlyPoint(exampleSample(exampleSeries(), 1, EXAMPLE_MS - 60_000))
  expect(point.start_time_unix_nano).toBe(point.time_unix_nano)
})

const everyLabel = {
  cluster: 'production',
  container_id: 'c'.repeat(64),
  container_image: 'registry.example.com:5000/shop/nginx:1.29@sha256:abc',
  container_name: 'nginx',
  destination_ip: '192.0.2.7',
  destination_port: '443',
  k8s_namespace: 'shop',
  k8s_pod: 'web-1',
  k8s_workload: 'web',
  k8s_workload_kind: 'Deployment',
  process_cmd: 'worker',
  process_pid: '4711',
  protocol: 'tcp',
  role: 'client',
  source_host: 'node-1',
  zone: 'eu-1a',
}

test('labels go by the names of the semantic conventions, to the resource and to the point', () => {
  const { resource, attributes } = onlyPoint(exampleSample(seriesOf(everyLabel), 1))
  expect(resource).toEqual({
    'service.name': 'podatlas',
    'service.instance.id': `production/node-1/shop/web-1/nginx/${everyLabel.container_id}/${everyLabel.container_image}/Deployment/web/eu-1a`,
    'k8s.cluster.name': 'production',
    'k8s.node.name': 'node-1',
    'host.name': 'node-1',
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': 'web-1',
    'k8s.container.name': 'nginx',
    'k8s.deployment.name': 'web',
    'container.id': everyLabel.container_id,
    'container.image.name': 'registry.example.com:5000/shop/nginx',
    'container.image.tags': ['1.29'],
    'container.image.repo_digests': ['registry.example.com:5000/shop/nginx@sha256:abc'],
    'cloud.availability_zone': 'eu-1a',
  })
  expect(attributes).toEqual({
    'network.io.direction': 'transmit',
    'network.peer.address': '192.0.2.7',
    'network.transport': 'tcp',
    'process.executable.name': 'worker',
    'process.pid': 4711,
    role: 'client',
    'server.address': '192.0.2.7',
    'server.port': 443,
  })
})

test('of a connection that was accepted, the remote end is the client', () => {
  const { attributes } = onlyPoint(exampleSample(seriesOf({ ...everyLabel, role: 'server' }), 1))
  expect(attributes).toMatchObject({ 'client.address': '192.0.2.7', 'server.port': 443 })
  expect(attributes).not.toHaveProperty('server.address')
})

test('outside Kubernetes a host is no node, and a container or unit no container of a pod', () => {
  const labels = { container_name: 'nginx.service', source_host: 'host-1' }
  const { resource } = onlyPoint(exampleSample(seriesOf(labels), 1), { isKubernetes: false })
  expect(resource).toEqual({
    'service.name': 'podatlas',
    'service.instance.id': 'host-1/nginx.service',
    'host.name': 'host-1',
    'container.name': 'nginx.service',
  })
})

test.for([
  ['StatefulSet', { 'k8s.statefulset.name': 'db' }],
  ['DaemonSet', { 'k8s.daemonset.name': 'db' }],
  ['Job', { 'k8s.job.name': 'db' }],
  ['CronJob', { 'k8s.cronjob.name': 'db' }],
  ['ReplicaSet', { 'k8s.replicaset.name': 'db' }],
  ['Rollout', { k8s_workload: 'db', k8s_workload_kind: 'Rollout' }],
] as const)('workload of kind %s', ([kind, attributes]) => {
  const labels = { k8s_workload: 'db', k8s_workload_kind: kind }
  const { resource } = onlyPoint(exampleSample(seriesOf(labels), 1))
  expect(resource).toMatchObject(attributes)
})

test('targets of one resource share it, and series of one name share their metric', () => {
  const names = ['podatlas_connections_failed_total', 'podatlas_transmit_bytes_total']
  const series = ['192.0.2.1', '192.0.2.2'].flatMap(destination_ip =>
    names.map(name => seriesOf({ k8s_pod: 'web-1', destination_ip }, name)),
  )
  const other = seriesOf({ k8s_pod: 'web-2', destination_ip: '192.0.2.1' })
  const request = decoded(exampleSamples([...series, other].map((one, i) => [one, i] as const)))
  const shape = request.resource_metrics.map(({ scope_metrics: scopes }) =>
    scopes.map(({ scope, metrics }) => [
      scope,
      metrics.map(({ name, sum }) => [name, sum?.data_points.length]),
    ]),
  )
  const scope = { name: 'podatlas', version: '1.2.3' }
  expect(shape).toEqual([
    [
      [
        scope,
        [
          ['podatlas.connections_failed', 2],
          ['podatlas.transmit_bytes', 2],
        ],
      ],
    ],
    [[scope, [['podatlas.transmit_bytes', 1]]]],
  ])
})

test("the agent's own metrics have a resource of their own, since they are stamped by their own clock", () => {
  const labels = { source_host: 'node-1' }
  const own = seriesOf({ ...labels, sink: 'main' }, 'podatlas_agent_sink_samples_sent_total')
  const request = decoded(
    exampleSamples([
      [seriesOf(labels), 1],
      [own, 2],
    ]),
  )
  const services = pointsOf(request).map(({ resource, attributes }) => [
    resource['service.name'],
    attributes,
  ])
  expect(services).toEqual([
    ['podatlas', { 'network.io.direction': 'transmit' }],
    ['podatlas-agent', { sink: 'main' }],
  ])
})

test('a request above its limit is not made, whatever it would shrink to', () => {
  const wide = exampleSample(exampleSeries('x'.repeat(2 * MIB)), 1)
  expect(encode(wide)).toBeUndefined()
  expect(encode(wide, { maxBytes: 5 * MIB })?.length).toBeGreaterThan(2 * MIB)
})
