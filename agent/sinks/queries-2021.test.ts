import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aggregation } from '../aggregate/aggregate.ts'
import type { AttributedFlow } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { realPrometheus } from './test/real-prometheus.ts'
import { RemoteWriteOptions } from './remote-write/options.ts'
import { remoteWrite } from './remote-write/remote-write.ts'
import { until } from './test/write-receiver.ts'

// The queries of the 2021 stack as they stand there, against its rules as the chart ships them. Grafana
// puts the chosen namespaces in place of $namespace.
const NAMESPACES = 'shop|bank'
const RULES = join(import.meta.dirname, '../../chart/files/rules/names2021.yaml')

const pods = [
  { namespace: 'shop', pod: 'web-1', container: 'nginx', workload: 'web' },
  { namespace: 'shop', pod: 'web-1', container: 'sidecar', workload: 'web' },
  { namespace: 'bank', pod: 'vault-0', container: 'vault', workload: 'vault' },
]

function flows(second: number): AttributedFlow[] {
  const ofPods = pods.map((owner, i) =>
    exampleFlow({
      owner,
      remoteAddress: `192.0.2.${i}`,
      bytesSent: 100 + second,
      bytesReceived: 1_000,
      process: { pid: 4_000 + i, command: 'worker' },
    }),
  )
  return [...ofPods, exampleFlow({ owner: { container: 'ssh.service' }, bytesSent: 5 })]
}

let prometheus: Awaited<ReturnType<typeof realPrometheus>>
let nowMs = 0
beforeAll(async () => {
  prometheus = await realPrometheus([RULES])
  for (const processes of [true, false]) await push(processes)
  // The rules look some seconds into the past, once a second.
  await until(async () => (await ask('count(count_over_time(bytes_tx:sum[1m]) > 2)')).length > 0)
}, 60_000)
afterAll(() => prometheus[Symbol.asyncDispose]())

/** A node's last half minute and the next seconds, at a sample per second. */
async function push(processes: boolean) {
  const nodeName = processes ? 'with-processes' : 'without'
  const telemetry = createTelemetry(nodeName, '1.2.3')
  const aggregate = aggregation({
    nodeName,
    cluster: '',
    labels: { add: [], drop: [], processes },
    names2021: true,
    maxSeries: 1_000,
    idleMs: 3_600_000,
    intervalMs: 1_000,
    startedMs: 0,
    telemetry,
  })
  await using sink = remoteWrite({
    name: 'main',
    options: RemoteWriteOptions.parse({ type: 'prometheus', endpoint: prometheus.endpoint }),
    version: '1.2.3',
    telemetry,
    log: line => expect.fail(line),
  })
  nowMs = Date.now()
  for (let second = -60; second <= 60; second++)
    for (const batch of aggregate(flows(second + 60), nowMs + second * 1_000)) sink.offer(batch)
}

function ask(promql: string) {
  return prometheus.query(promql.replace('$namespace', NAMESPACES), Date.now())
}

const SHOP = { k8s_pod: 'web-1' }
const BANK = { k8s_pod: 'vault-0' }

test('the query of geoip says who talked to which address', async () => {
  const found = await ask('sum by (k8s_namespace, k8s_pod, destination_ip) (bytes_tx{})')
  expect(found.map(({ metric }) => metric)).toEqual(
    expect.arrayContaining([
      { k8s_namespace: 'shop', k8s_pod: 'web-1', destination_ip: '192.0.2.0' },
      { k8s_namespace: 'shop', k8s_pod: 'web-1', destination_ip: '192.0.2.1' },
      { k8s_namespace: 'bank', k8s_pod: 'vault-0', destination_ip: '192.0.2.2' },
    ]),
  )
})

test('the variable of the dashboard lists the namespaces', async () => {
  // label_values(bytes_rx{container_name!=""}, k8s_namespace)
  const found = await prometheus.labelValues('bytes_rx{container_name!=""}', 'k8s_namespace')
  expect(found).toEqual(['bank', 'shop'])
})

test.each(['rx', 'tx'])('bytes per container (%s)', async direction => {
  const found = await ask(
    `sum by (k8s_pod, container_name) (bytes_${direction}:sum{k8s_namespace=~"$namespace", container_name!=""})`,
  )
  expect(found.map(({ metric }) => metric)).toEqual(
    expect.arrayContaining([
      { ...SHOP, container_name: 'nginx' },
      { ...SHOP, container_name: 'sidecar' },
      { ...BANK, container_name: 'vault' },
    ]),
  )
})

test.each(['rx', 'tx'])('traffic per pod (%s)', async direction => {
  const found = await ask(
    `sum by (k8s_pod) (rate(bytes_${direction}:sum{k8s_namespace=~"$namespace"}[5m]))`,
  )
  expect(found.map(({ metric }) => metric)).toEqual(expect.arrayContaining([SHOP, BANK]))
  expect(found.every(({ value }) => value > 0)).toBe(true)
})

test.each(['rx', 'tx'])(
  'traffic per process, whose pid is empty without processes (%s)',
  async direction => {
    const found = await ask(
      `sum by (container_name, process_pid) (rate(bytes_${direction}:sum{k8s_namespace=~"$namespace"}[5m]))`,
    )
    expect(found.map(({ metric }) => metric)).toEqual(
      expect.arrayContaining([
        { container_name: 'nginx', process_pid: '4000' },
        { container_name: 'vault', process_pid: '4002' },
        { container_name: 'nginx' },
        { container_name: 'vault' },
      ]),
    )
    expect(found.every(({ value }) => value > 0)).toBe(true)
  },
)

test('connections per address', async () => {
  const found = await ask(
    'sum by (destination_ip) (count without (container_id, container_image, destination_port, source_ip, source_port, process_cmd) (bytes_rx{k8s_namespace=~"$namespace", container_name!="", event="Close"}))',
  )
  expect(found.map(({ metric }) => metric)).toEqual(
    expect.arrayContaining([0, 1, 2].map(i => ({ destination_ip: `192.0.2.${i}` }))),
  )
})
