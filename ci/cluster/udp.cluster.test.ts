import { beforeAll, expect, test, vi } from 'vitest'
import { addresses } from './addresses.ts'
import { podCounts } from './example/counts.ts'
import { createPod, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { counted, metrics, recorded } from './recorded.ts'
import { kubectl, promql } from './running.ts'

const patience = { timeout: 60_000, interval: 1_000 }
let echoAddress = ''

beforeAll(async () => {
  await createNamespace(kubectl, 'udp')
  await createPod('udp', 'echo', podOf({ server: ['echo', '0.0.0.0:7000'] }))
  await kubectl(['-n', 'udp', 'wait', '--for=condition=Ready', 'pod/echo', '--timeout=60s'])
  echoAddress = await kubectl(['-n', 'udp', 'get', 'pod', 'echo', '-o=jsonpath={.status.podIP}'])
  const asking = podOf({
    pods: ['ask', `${echoAddress}:7000,datagrams=40,send=301`],
    // Larger than a packet, so the network splits them.
    world: ['ask', '192.0.2.10:7000,datagrams=15,send=4001'],
    names: ['ask', `${addresses.node}:53,datagrams=20,resolve`],
  })
  await createPod('udp', 'asker', asking)
  await untilDone('udp', ['asker/pods', 'asker/world', 'asker/names'])
})

test.for(metrics)('%s of UDP is what each container %s, exactly', async ([metric, field]) => {
  await vi.waitFor(async () => {
    const numbers = await recorded(`${metric}{k8s_namespace="udp",protocol="udp"}`)
    expect(numbers).toEqual(counted(await podCounts('udp'), field))
  }, patience)
})

test('both ends of UDP show the port of the service, and who asked', async () => {
  const rows = await promql(
    'sum by (k8s_pod, container_name, destination_port, role) (podatlas_transmit_datagrams_total{k8s_namespace="udp"})',
  )
  const ends = rows.map(({ labels }) => Object.values(labels).toSorted().join(' '))
  expect(ends.toSorted()).toEqual(
    [
      '7000 asker client pods',
      '7000 asker client world',
      '53 asker client names',
      '7000 echo server server',
    ].toSorted(),
  )
})
