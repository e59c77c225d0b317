import { beforeAll, expect, test, vi } from 'vitest'
import { untilSent } from './agreement.ts'
import { onlyContainer, processOf } from './containers.ts'
import { create, createPod, podAddress, podOf, untilDone, untilReceived } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { whileKubeletIsPaused } from './pause.ts'
import { kubectl, promql } from './running.ts'

const patience = { timeout: 60_000, interval: 250 }
const inNamespace = ['-n', 'renamed']
const kind = 'k8s_workload_kind'
const call = (sizes: string) => podOf({ talker: ['call', `192.0.2.20:7000,${sizes}`] })

beforeAll(() => createNamespace(kubectl, 'renamed'))

test('a pod that still sends and one that has taken its name keep their own bytes', async () => {
  await createPod('renamed', 'phoenix-0', call('send=40009,receive=5003,again'))
  await untilDone('renamed', ['phoenix-0/talker'])
  const firstAddress = await podAddress('renamed', 'phoenix-0')
  const firstProcess = await processOf(await onlyContainer('renamed'))
  await whileKubeletIsPaused(async () => {
    await kubectl([...inNamespace, 'delete', 'pod', 'phoenix-0', '--force'])
    await create(statefulSet(call('send=60013,receive=7001,hold')))
    await vi.waitFor(() => kubectl([...inNamespace, 'get', 'pod', 'phoenix-0']), patience)
    process.kill(firstProcess, 'SIGUSR2')
    await untilReceived(firstAddress, 2 * 40_009)
  })
  await untilReceived(await podAddress('renamed', 'phoenix-0'), 60_013)
  await untilSent('renamed', kind, { Pod: 2 * 40_009, StatefulSet: 60_013 })
})

test('a pod that its StatefulSet makes again goes on in the same series', async () => {
  const oldAddress = await podAddress('renamed', 'phoenix-0')
  await kubectl([...inNamespace, 'delete', 'pod', 'phoenix-0'])
  const address = await podAddress('renamed', 'phoenix-0')
  expect(address).not.toBe(oldAddress)
  await untilReceived(address, 60_013)
  await untilSent('renamed', kind, { Pod: 2 * 40_009, StatefulSet: 2 * 60_013 })
  const query = 'resets(podatlas_transmit_bytes_total{k8s_namespace="renamed"}[10m])'
  expect(await promql(query)).toMatchObject([{ value: 0 }, { value: 0 }])
})

function statefulSet(spec: object): object {
  const labels = { app: 'phoenix' }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'phoenix', namespace: 'renamed' },
    spec: {
      serviceName: 'phoenix',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec },
    },
  }
}
