import { expect, test, vi } from 'vitest'
import { podCounts } from './example/counts.ts'
import { createPod } from './example/pod.ts'
import { counted, recorded } from './recorded.ts'
import { kubectl } from './running.ts'

const patience = { timeout: 60_000, interval: 1_000 }
const names = ['first', 'second', 'third', 'fourth', 'last']

test('containers that live for milliseconds are named, each with all its bytes', async () => {
  const [short, final] = [names.slice(0, -1), names.at(-1)!]
  await kubectl(['create', 'namespace', 'brief'])
  await createPod('brief', 'mayfly', {
    automountServiceAccountToken: false,
    restartPolicy: 'Never',
    // One after the other, each over before the next begins.
    initContainers: short.map((name, index) => container(name, index)),
    containers: [container(final, short.length)],
  })
  const phase = ['-n', 'brief', 'get', 'pod', 'mayfly', '-o=jsonpath={.status.phase}']
  await vi.waitFor(async () => expect(await kubectl(phase)).toBe('Succeeded'), patience)
  const counts = await podCounts('brief')
  expect([...counts.keys()].toSorted()).toEqual(names.map(name => `mayfly/${name}`).toSorted())
  await vi.waitFor(async () => {
    const sent = await recorded('podatlas_transmit_bytes_total{k8s_namespace="brief"}')
    expect(sent).toEqual(counted(counts, 'sent'))
    const received = await recorded('podatlas_receive_bytes_total{k8s_namespace="brief"}')
    expect(received).toEqual(counted(counts, 'received'))
  }, patience)
})

function container(name: string, index: number) {
  const image = 'localhost/podatlas/example:test'
  const sizes = [2003 + index, 40_009 + index].map(String)
  return { name, image, command: ['/brief', '192.0.2.10', '7000', ...sizes] }
}
