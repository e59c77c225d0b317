import { beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { talk } from './example/pod.ts'
import { promApi, promql } from './running.ts'

const patience = { timeout: 90_000, interval: 1_000 }

// The queries of the 2021 stack, as they stood, with the dashboard's variable set to the namespace "shop".
const queries = [
  'sum by (k8s_namespace, k8s_pod, destination_ip) (bytes_tx{})',
  'sum by (k8s_pod, container_name) (bytes_rx:sum{k8s_namespace=~"$namespace", container_name!=""})',
  'sum by (k8s_pod, container_name) (bytes_tx:sum{k8s_namespace=~"$namespace", container_name!=""})',
  'sum by (k8s_pod) (rate(bytes_rx:sum{k8s_namespace=~"$namespace"}[5m]))',
  'sum by (k8s_pod) (rate(bytes_tx:sum{k8s_namespace=~"$namespace"}[5m]))',
  'sum by (container_name, process_pid) (rate(bytes_rx:sum{k8s_namespace=~"$namespace"}[5m]))',
  'sum by (container_name, process_pid) (rate(bytes_tx:sum{k8s_namespace=~"$namespace"}[5m]))',
  'geo_ip{k8s_namespace=~"$namespace"}',
  'sum by (destination_ip) (count without (container_id, container_image, destination_port, source_ip, source_port, process_cmd) (bytes_rx{k8s_namespace=~"$namespace", container_name!="", event="Close"}))',
]

// A rate over five minutes needs bytes within the last five minutes.
beforeAll(() => talk('lately'))

test.for(queries)('%s', async query => {
  await vi.waitFor(async () => {
    const rows = await promql(query.replaceAll('$namespace', 'shop'))
    expect(rows.length).toBeGreaterThan(0)
    expect(Math.max(...rows.map(row => row.value))).toBeGreaterThan(0)
  }, patience)
})

test('the dashboard variable of 2021 lists the namespaces', async () => {
  const selector = new URLSearchParams({ 'match[]': 'bytes_rx{container_name!=""}' })
  const answer = await promApi(`label/k8s_namespace/values?${selector}`)
  expect(z.object({ data: z.array(z.string()) }).parse(answer).data).toContain('shop')
})
