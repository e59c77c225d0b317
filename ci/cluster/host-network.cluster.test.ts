import { beforeAll, expect, test, vi } from 'vitest'
import { addresses } from './addresses.ts'
import { untilAgreed } from './agreement.ts'
import { unitName } from './cgroups.ts'
import { createPod, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { startUnit } from './unit.ts'
import { kubectl, promql } from './running.ts'

const place = '192.0.2.40'
const gate = `${addresses.node}:7070`
const onNode = (args: string[]) => ({ ...podOf({ proxy: args }), hostNetwork: true })

// All of them have the address of the node; only their cgroups tell them apart.
beforeAll(async () => {
  await createNamespace(kubectl, 'host-network')
  await Promise.all([
    createPod('host-network', 'gate', onNode(['serve', gate])),
    createPod(
      'host-network',
      'left',
      onNode(['call', `${place}:7000,send=30011,receive=4001,hold`, gate]),
    ),
    createPod(
      'host-network',
      'right',
      onNode(['call', `${place}:7000,send=50021,receive=6007,hold`, gate]),
    ),
    createPod(
      'host-network',
      'guest',
      podOf({ visitor: ['call', `${gate},send=7013,receive=90001`] }),
    ),
  ])
})

test('three pods on the network of one node are told apart, as clients and as servers', async () => {
  await untilDone('host-network', ['left/proxy', 'right/proxy', 'guest/visitor'])
  await untilAgreed('host-network')
  const query = `podatlas_transmit_bytes_total{k8s_namespace="host-network",destination_ip="${place}"}`
  const sent = (await promql(query)).map(({ labels, value }) => [labels['k8s_pod'], value])
  expect(Object.fromEntries(sent)).toEqual({ left: 30_011, right: 50_021 })
})

test('a process of the node is counted under its unit, and not under a pod on the same network', async () => {
  await using unit = await startUnit(['call', `${place}:7000,send=1033,receive=2039,connections=3`])
  await unit.saying('"done":true')
  const ofUnit = `{container_name="${unitName}",destination_ip="${place}"}`
  await vi.waitFor(
    async () => {
      expect(await promql(`podatlas_transmit_bytes_total${ofUnit}`)).toMatchObject([
        { value: 3 * 1033 },
      ])
      expect(await promql(`podatlas_receive_bytes_total${ofUnit}`)).toMatchObject([
        { value: 3 * 2039 },
      ])
    },
    { timeout: 60_000, interval: 500 },
  )
  const [series] = await promql(`podatlas_transmit_bytes_total${ofUnit}`)
  expect(Object.keys(series!.labels).filter(name => name.startsWith('k8s_'))).toEqual([])
  await untilAgreed('host-network')
})
