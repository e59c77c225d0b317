import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test, vi } from 'vitest'
import { places } from './addresses.ts'
import { unitName } from './cgroups.ts'
import { podCounts, worldCounts } from './example/counts.ts'
import { kubectl, promql } from './running.ts'

/** Bytes by "namespace/pod/container > remote address". */
type Bytes = Record<string, number>

const metrics = [
  { metric: 'bytes_tx', direction: 'sent' },
  { metric: 'bytes_rx', direction: 'received' },
  { metric: 'podatlas_transmit_bytes_total', direction: 'sent' },
  { metric: 'podatlas_receive_bytes_total', direction: 'received' },
] as const
const callers = ['cart/api', 'cart/audit', 'visitor/browser', 'edge/proxy']
const patience = { timeout: 90_000, interval: 1_000 }

beforeAll(async () => {
  await vi.waitFor(async () => {
    const counts = await podCounts()
    for (const caller of callers) expect(counts.get(caller), caller).toMatchObject({ done: true })
  }, patience)
})

test.for(metrics)('$metric is what each container $direction, to the byte', async metric => {
  await vi.waitFor(() => agree(metric), patience)
})

test('no byte is added afterwards: the open connection is quiet, the others are closed', async () => {
  await sleep(6_000)
  for (const metric of metrics) await agree(metric)
})

test('two containers of one pod are told apart, each with its own bytes', async () => {
  const bytes = await recorded('bytes_tx')
  expect(bytes['shop/cart/api > 192.0.2.10']).toBe(40 * 2003)
  expect(bytes['shop/cart/audit > 192.0.2.10']).toBe(7 * 70_001)
})

test('a connection that is still open is counted in full', async () => {
  const audit = (await podCounts()).get('cart/audit')?.remotes['192.0.2.30']
  expect(audit).toMatchObject({ connections: 1, open: 1 })
  expect((await recorded('bytes_rx'))['shop/cart/audit > 192.0.2.30']).toBe(7_654_321)
})

test('a client of a Service sees its address, the pod behind it sees the client', async () => {
  const query =
    'sum by (k8s_pod, destination_ip, destination_port, role) (bytes_tx{k8s_pod=~"visitor|catalog"})'
  const visitor = await podAddress('visitor')
  const ends = (await promql(query)).map(({ labels }) => labels)
  expect(ends).toHaveLength(2)
  expect(ends).toContainEqual({
    k8s_pod: 'visitor',
    destination_ip: '203.0.113.10',
    destination_port: '80',
    role: 'client',
  })
  expect(ends).toContainEqual({
    k8s_pod: 'catalog',
    destination_ip: visitor,
    destination_port: '7000',
    role: 'server',
  })
})

test('a pod on the network of its node keeps its own name', async () => {
  expect((await recorded('bytes_rx'))['shop/edge/proxy > 192.0.2.40']).toBe(9 * 40_009)
})

test('the servers outside counted the same bytes at the other end', async () => {
  const outside = places.map(place => place.address).join('|')
  const all = `destination_ip=~"${outside}",destination_port="7000",protocol="tcp"`
  // Programs outside this cluster may talk to other hosts that have the same addresses.
  const ours = (metric: string) =>
    `${metric}{${all},k8s_namespace!=""} or ${metric}{${all},container_name="${unitName}"}`
  const total = async (metric: string) => (await promql(`sum(${ours(metric)})`))[0]?.value
  // Pods of other tests may have talked a moment ago.
  await vi.waitFor(async () => {
    const world = Object.values(worldCounts())
    expect(await total('bytes_tx')).toBe(world.reduce((sum, { received }) => sum + received, 0))
    expect(await total('bytes_rx')).toBe(world.reduce((sum, { sent }) => sum + sent, 0))
  }, patience)
})

async function agree({ metric, direction }: (typeof metrics)[number]): Promise<void> {
  expect(await recorded(metric)).toEqual(await counted(direction))
}

async function recorded(metric: string): Promise<Bytes> {
  const labels = 'k8s_namespace, k8s_pod, container_name, destination_ip'
  const rows = await promql(`sum by (${labels}) (${metric}{k8s_namespace="shop"})`)
  return Object.fromEntries(
    rows.map(({ labels: of, value }) => [
      `${of['k8s_namespace']}/${of['k8s_pod']}/${of['container_name']} > ${of['destination_ip']}`,
      value,
    ]),
  )
}

async function counted(direction: 'sent' | 'received'): Promise<Bytes> {
  const bytes: Bytes = {}
  for (const [container, { remotes }] of await podCounts()) {
    for (const [address, count] of Object.entries(remotes)) {
      bytes[`shop/${container} > ${address}`] = count[direction]
    }
  }
  return bytes
}

function podAddress(name: string): Promise<string> {
  return kubectl(['-n', 'shop', 'get', 'pod', name, '-o', 'jsonpath={.status.podIP}'])
}
