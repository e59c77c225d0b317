import { beforeAll, expect, test, vi } from 'vitest'
import { changeValues } from './agent.ts'
import { createPod, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, promql } from './running.ts'

const namespace = 'processes'
const patience = { timeout: 60_000, interval: 500 }
const place = '192.0.2.10'
const isInNamespace = `k8s_namespace=~"${namespace}"`

beforeAll(async () => {
  await changeValues('agent.processes.enabled=true')
  await createNamespace(kubectl, namespace)
  const args = ['call', `${place}:7000,connections=3,send=2003,receive=4001`]
  await createPod(namespace, 'pair', podOf({ worker: args }))
  await untilDone(namespace, ['pair/worker'])
  // A second process in the same container; it says itself what it sent and received.
  await kubectl(['-n', namespace, 'exec', 'pair', '--', '/brief', place, '7000', '1013', '9001'])
})

// The queries of the 2021 stack, as they stood.
test.for([
  'sum by (container_name, process_pid) (rate(bytes_rx:sum{k8s_namespace=~"$namespace"}[5m]))',
  'sum by (container_name, process_pid) (rate(bytes_tx:sum{k8s_namespace=~"$namespace"}[5m]))',
])('with processes on it tells them apart: %s', async query => {
  await vi.waitFor(async () => {
    const rows = await promql(query.replaceAll('$namespace', namespace))
    expect(rows).toHaveLength(2)
    const pids = rows.map(({ labels }) => Number(labels['process_pid']))
    expect(new Set(pids).size).toBe(2)
    for (const pid of pids) expect(pid).toBeGreaterThan(1)
    for (const { labels, value } of rows) {
      expect(labels['container_name']).toBe('worker')
      expect(value).toBeGreaterThan(0)
    }
  }, patience)
})

test('each process of a container has its own bytes, under its own name', async () => {
  const query = `sum by (process_cmd) (podatlas_transmit_bytes_total{${isInNamespace}})`
  await vi.waitFor(async () => {
    const rows = await promql(query)
    expect(rows.find(({ labels }) => labels['process_cmd'] === 'brief')?.value).toBe(1013)
    expect(rows.find(({ labels }) => labels['process_cmd'] !== 'brief')?.value).toBe(3 * 2003)
    expect(rows).toHaveLength(2)
  }, patience)
})
