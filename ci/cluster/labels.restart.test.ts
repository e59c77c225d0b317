import { beforeAll, expect, test, vi } from 'vitest'
import { changeValues } from './agent.ts'
import { type Container, onlyContainer, processOf } from './containers.ts'
import { createPod, image, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, promql } from './running.ts'

const namespace = 'labelled'
const patience = { timeout: 60_000, interval: 500 }
const sent = 50_021

beforeAll(async () => {
  await changeValues('agent.labels.add={container_id,container_image},agent.labels.drop={protocol}')
  await createNamespace(kubectl, namespace)
  const args = ['call', `192.0.2.10:7000,send=${sent},receive=3001,hold`]
  await createPod(namespace, 'crasher', podOf({ talker: args }))
  await untilDone(namespace, ['crasher/talker'])
})

test('with container_id each life of a container is a series of its own, under the id that Kubernetes tells', async () => {
  const first = await onlyContainer(namespace)
  await untilSent({ [idOf(first)]: sent })
  process.kill(await processOf(first), 'SIGKILL')
  const second = await vi.waitFor(async () => {
    const now = await onlyContainer(namespace)
    expect(now).toMatchObject({ restartCount: 1, ready: true })
    return now
  }, patience)
  await untilSent({ [idOf(first)]: sent, [idOf(second)]: sent })
})

test('a label that is added is there, and one that is dropped is not', async () => {
  const rows = await promql(`podatlas_transmit_bytes_total{k8s_namespace="${namespace}"}`)
  for (const { labels } of rows) {
    expect(labels).toMatchObject({ container_image: image, k8s_workload: 'crasher' })
    expect(labels).not.toHaveProperty('protocol')
  }
})

/** `containerd://4b8d…` → `4b8d…` */
function idOf({ containerID }: Container): string {
  return containerID.slice(containerID.lastIndexOf('/') + 1)
}

async function untilSent(expected: Record<string, number>): Promise<void> {
  const query = `sum by (container_id) (podatlas_transmit_bytes_total{k8s_namespace="${namespace}"})`
  await vi.waitFor(async () => {
    const rows = await promql(query)
    const bytes = rows.map(({ labels, value }) => [labels['container_id'], value])
    expect(Object.fromEntries(bytes)).toEqual(expected)
  }, patience)
}
