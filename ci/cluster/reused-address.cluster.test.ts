import { afterAll, expect, test, vi } from 'vitest'
import { untilAgreed } from './agreement.ts'
import { podCounts } from './example/counts.ts'
import { create, createPod, podAddress, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { oneAddress } from './one-address.ts'
import { kubectl, promql } from './running.ts'

const { handler, address } = oneAddress

// Others may want the address, too.
afterAll(() => kubectl(['-n', 'leased', 'delete', 'pod', 'second']))

test('of two pods that have one address in turn each has its own bytes, at both of their ends', async () => {
  await createNamespace(kubectl, 'leased')
  const metadata = { name: handler }
  await create({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata, handler })
  await letIn('first', 'early', [30_011, 5003])
  // Whoever serves prints its counts a moment after whoever asks.
  await untilAgreed('leased')
  const gone = await podCounts('leased')
  // Returns when the network has the address back.
  await kubectl(['-n', 'leased', 'delete', 'pod', 'first', 'early'])
  // The kubelet may remove logs a minute later only.
  await vi.waitFor(async () => expect(await podCounts('leased')).toEqual(new Map()), 120_000)
  await letIn('second', 'late', [40_009, 7001])

  await untilAgreed('leased', gone)
  const query =
    'sum by (k8s_pod) (podatlas_receive_bytes_total{k8s_namespace="leased",role="server"})'
  expect(await promql(query)).toHaveLength(2)
  expect(await promql(query)).toEqual(
    expect.arrayContaining([
      { labels: { k8s_pod: 'first' }, value: 5003 },
      { labels: { k8s_pod: 'second' }, value: 7001 },
    ]),
  )
})

/** A pod that talks and serves, and one that asks it; returns when all is said. */
async function letIn(tenant: string, guest: string, [sent, asked]: readonly [number, number]) {
  const talker = ['call', `192.0.2.20:7000,send=${sent},receive=2003`]
  const spec = podOf({ pages: ['serve', '0.0.0.0:7000'], talker })
  await createPod('leased', tenant, { ...spec, runtimeClassName: handler })
  await createPod('leased', guest, podOf({ guest: ['call', `${address}:7000,send=${asked}`] }))
  await untilDone('leased', [`${tenant}/talker`, `${guest}/guest`])
  expect(await podAddress('leased', tenant)).toBe(address)
}
