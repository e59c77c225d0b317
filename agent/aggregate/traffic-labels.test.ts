import { expect, test } from 'vitest'
import type { AttributedFlow, Samples } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { samplesOf } from '../test/sample.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { aggregation, type AggregationOptions } from './aggregate.ts'
import type { LabelChoice } from './traffic-labels.ts'

const START_MS = 1_790_000_000_000
const DEFAULT: LabelChoice = { add: [], drop: [], processes: false }

const flow = exampleFlow({
  bytesSent: 10,
  process: { pid: 4711, command: 'nginx: worker' },
  owner: {
    namespace: 'shop',
    pod: 'web-5d9c7-x2x',
    container: 'nginx',
    workload: 'web',
    workloadKind: 'Deployment',
    image: 'nginx:1.29',
    containerId: 'c0ffee',
  },
})

function aggregator(options: Partial<AggregationOptions>) {
  return aggregation({
    nodeName: 'node-1',
    cluster: '',
    names2021: false,
    maxSeries: 1_000,
    idleMs: 3_600_000,
    intervalMs: 10_000,
    startedMs: 0,
    telemetry: createTelemetry('node-1', '1.2.3'),
    ...options,
  })
}

/** Bytes sent by series, as `name=value` of its labels but for those of every series. */
function sentOf(batch: Samples | undefined) {
  const sent = samplesOf(batch).filter(
    ({ series }) => series.metric.name === 'podatlas_transmit_bytes_total',
  )
  return sent.map(({ labels, value }) => {
    const own = labels.filter(([name]) => name !== '__name__' && name !== 'source_host')
    return [own.map(pair => pair.join('=')).join(' '), value] as const
  })
}

function sentWith(labels: Partial<LabelChoice>, ...flows: AttributedFlow[]) {
  const [, values] = aggregator({ labels: { ...DEFAULT, ...labels } })(flows, START_MS)
  return sentOf(values)
}

test('by default a series says which workload its pod belongs to, and nothing of image and process', () => {
  expect(sentWith({}, flow)).toEqual([
    [
      'container_name=nginx destination_ip=192.0.2.7 destination_port=443 k8s_namespace=shop ' +
        'k8s_pod=web-5d9c7-x2x k8s_workload=web k8s_workload_kind=Deployment protocol=tcp role=client',
      10,
    ],
  ])
})

test('image, container id and process are there on demand', () => {
  const [[labels] = []] = sentWith(
    { add: ['container_image', 'container_id'], processes: true },
    flow,
  )
  expect(labels).toContain('container_id=c0ffee container_image=nginx:1.29 container_name=nginx')
  expect(labels).toContain('process_cmd=nginx: worker process_pid=4711')
})

test.each([
  ['k8s_namespace', { owner: { ...flow.owner, namespace: 'blog' } }],
  ['k8s_pod', { owner: { ...flow.owner, pod: 'web-5d9c7-y3y' } }],
  ['container_name', { owner: { ...flow.owner, container: 'sidecar' } }],
  ['k8s_workload', { owner: { ...flow.owner, workload: 'web-canary' } }],
  ['k8s_workload_kind', { owner: { ...flow.owner, workloadKind: 'Rollout' } }],
  ['destination_ip', { remoteAddress: '2001:db8::1' }],
  ['destination_port', { servicePort: 80 }],
  ['protocol', { protocol: 'udp' }],
  ['role', { role: 'server' }],
] as const)('without %s, what differs in nothing else is one series', (label, changed) => {
  const other = { ...flow, ...changed, bytesSent: 5 }
  expect(sentWith({}, flow, other)).toHaveLength(2)
  const [[labels, bytes] = [], ...others] = sentWith({ drop: [label] }, flow, other)
  expect(others).toEqual([])
  expect(bytes).toBe(15)
  expect(labels).not.toContain(label === 'k8s_workload' ? 'k8s_workload=' : `${label}=`)
})

test('series without a zone end once it is known, and go on with it from zero', () => {
  let zone: string | undefined
  const aggregate = aggregator({ labels: { ...DEFAULT, add: ['zone'] }, zone: () => zone })
  const [, before] = aggregate([flow], START_MS)
  expect(sentOf(before)[0]?.[0]).not.toContain('zone=')
  zone = 'eu-1a'
  const [, values, ended] = aggregate([flow], START_MS + 10_000)
  expect(sentOf(values)).toEqual([[expect.stringMatching(/ zone=eu-1a$/), 10]])
  expect(new Set(ended?.series)).toEqual(new Set(before?.series))
})
