import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createPod, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { oneAddress } from './one-address.ts'
import { bytesByOwner } from './peers-join.ts'
import { kubectl, promql } from './running.ts'

const { handler, address } = oneAddress
const owned = `podatlas_peer_info{destination_ip="${address}"}`
const patience = { timeout: 60_000, interval: 500 }

beforeAll(async () => {
  const runtime = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: handler },
  }
  await kubectl(['apply', '-f', '-'], JSON.stringify({ ...runtime, handler }))
  await createNamespace(kubectl, 'tenants')
})

afterAll(async () => {
  await kubectl(['delete', 'namespace', 'tenants'])
  await kubectl(['delete', 'runtimeclass', handler])
})

test('an address that two pods have in turn: a join at either time gives the owner of that time', async () => {
  const firstS = await letIn('first', 'early', 30_011)
  await kubectl(['-n', 'tenants', 'delete', 'pod', 'first'])
  const betweenS = await untilOwner({ peer_kind: 'pod_network' })
  const secondS = await letIn('second', 'late', 40_009)

  for (const [timeS, guest, tenant, value] of [
    [firstS, 'early', 'first', 30_011],
    [secondS, 'late', 'second', 40_009],
  ] as const) {
    expect(await promql(`sum by (peer_name) (${owned})`, timeS)).toEqual([
      { labels: { peer_name: tenant }, value: 1 },
    ])
    const matchers = `k8s_namespace="tenants",k8s_pod="${guest}"`
    expect(await bytesByOwner(matchers, timeS)).toMatchObject([
      { labels: { peer_namespace: 'tenants', peer_name: tenant, peer_workload: tenant }, value },
    ])
  }
  expect(await promql(`sum by (peer_kind, peer_name) (${owned})`, betweenS)).toEqual([
    { labels: { peer_kind: 'pod_network' }, value: 1 },
  ])
})

/** A pod that has the address, and one that talks to it; gives a time when the join knows both. */
async function letIn(tenant: string, guest: string, send: number): Promise<number> {
  const serving = { ...podOf({ pages: ['serve', '0.0.0.0:7000'] }), runtimeClassName: handler }
  await createPod('tenants', tenant, serving)
  await createPod('tenants', guest, podOf({ guest: ['call', `${address}:7000,send=${send}`] }))
  await untilDone('tenants', [`${guest}/guest`])
  await vi.waitFor(async () => {
    const bytes = await bytesByOwner(`k8s_namespace="tenants",k8s_pod="${guest}"`)
    expect(bytes).toMatchObject([{ labels: { peer_name: tenant }, value: send }])
  }, patience)
  return Date.now() / 1_000
}

/** Waits until the address has this owner and no other; gives a time when that was so. */
async function untilOwner(labels: Record<string, string>): Promise<number> {
  await vi.waitFor(async () => {
    const rows = await promql(`sum by (peer_kind) (${owned})`)
    expect(rows).toEqual([{ labels, value: 1 }])
  }, patience)
  return Date.now() / 1_000
}
