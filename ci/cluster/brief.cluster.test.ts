import { expect, test, vi } from 'vitest'
import { untilAgreed } from './agreement.ts'
import { podCounts } from './example/counts.ts'
import { createPod, image } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, promql } from './running.ts'

const patience = { timeout: 90_000, interval: 1_000 }
const pods = ['mayfly-a', 'mayfly-b', 'mayfly-c', 'mayfly-d']
const names = ['first', 'second', 'third', 'fourth', 'last']

test('twenty containers that live for milliseconds are named, each with all its bytes', async () => {
  await createNamespace(kubectl, 'brief')
  await Promise.all(pods.map((pod, number) => createPod('brief', pod, briefly(number))))
  const phases = ['-n', 'brief', 'get', 'pods', '-o=jsonpath={.items[*].status.phase}']
  const done = pods.map(() => 'Succeeded').join(' ')
  await vi.waitFor(async () => expect(await kubectl(phases)).toBe(done), patience)
  const all = pods.flatMap(pod => names.map(name => `${pod}/${name}`))
  expect([...(await podCounts('brief')).keys()].toSorted()).toEqual(all.toSorted())
  await untilAgreed('brief')
  const query = 'count(podatlas_transmit_bytes_total{k8s_namespace="brief"} > 2000)'
  expect(await promql(query)).toMatchObject([{ value: all.length }])
})

/** A pod of containers one after the other, each over before the next begins: brief.c makes one exchange and ends. */
function briefly(pod: number) {
  const containers = names.map((name, index) => {
    const sizes = [2003 + index + 10 * pod, 40_009 + index + 10 * pod].map(String)
    return { name, image, command: ['/brief', '192.0.2.10', '7000', ...sizes] }
  })
  return {
    automountServiceAccountToken: false,
    restartPolicy: 'Never',
    initContainers: containers.slice(0, -1),
    containers: containers.slice(-1),
  }
}
