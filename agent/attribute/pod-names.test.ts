import { expect, test } from 'vitest'
import { createPodNames } from './pod-names.ts'
import { Pod } from './pod.ts'

const id = (digit: string) => digit.repeat(64)
const idOf = (number: number) => number.toString(16).padStart(64, '0')

function podObject(uid: string, status: object = {}, annotations?: object): Pod {
  const metadata = { uid, namespace: 'shop', name: `pod-${uid}`, resourceVersion: '1', annotations }
  return Pod.parse({ kind: 'Pod', metadata, spec: { nodeName: 'node-1' }, status })
}

const running = (name: string, digit: string) => ({
  name,
  containerID: `containerd://${id(digit)}`,
})

test('init, ephemeral and restarted containers are known by all their ids', () => {
  const names = createPodNames()
  names.put(
    podObject('a', {
      initContainerStatuses: [
        { name: 'migrate', state: { terminated: { containerID: `cri-o://${id('1')}` } } },
      ],
      containerStatuses: [
        {
          ...running('server', '3'),
          lastState: { terminated: { containerID: `containerd://${id('2')}`, exitCode: 1 } },
        },
      ],
      ephemeralContainerStatuses: [running('debugger', '4')],
    }),
  )
  expect(Object.fromEntries(names.get('a')?.containers ?? [])).toEqual({
    [id('1')]: 'migrate',
    [id('2')]: 'server',
    [id('3')]: 'server',
    [id('4')]: 'debugger',
  })
})

test('a pod that was only just created has a name and no containers', () => {
  const names = createPodNames()
  names.put(podObject('a', { containerStatuses: [{ name: 'server', containerID: '' }] }))
  expect(names.get('a')).toEqual({ namespace: 'shop', pod: 'pod-a', containers: new Map() })
})

test('a static pod is found by the hash that its cgroup is named after', () => {
  const names = createPodNames()
  names.put(podObject('a', {}, { 'kubernetes.io/config.hash': 'f00d', other: 'annotation' }))
  expect(names.get('f00d')?.pod).toBe('pod-a')
})

test('a deleted pod keeps its name for the grace period', () => {
  const names = createPodNames({ graceMs: 100 })
  names.put(podObject('a'))
  names.remove(podObject('a', { containerStatuses: [running('server', '1')] }), 0)
  expect(names.get('a')?.containers.get(id('1'))).toBe('server')
  names.put(podObject('b'))
  names.remove(podObject('b'), 101)
  expect(names.get('a')).toBeUndefined()
  expect(names.get('b')?.pod).toBe('pod-b')
})

test('pods that a fresh list lacks count as deleted, those that come back do not', () => {
  const names = createPodNames({ graceMs: 100 })
  names.replaceAll([podObject('a'), podObject('b')], 0)
  names.replaceAll([podObject('b')], 10)
  expect(names.get('a')?.pod).toBe('pod-a')
  names.replaceAll([podObject('a')], 50)
  names.replaceAll([podObject('a')], 1_000)
  expect(names.get('a')?.pod).toBe('pod-a')
})

test('deleted pods are bounded in number', () => {
  const names = createPodNames({ maxDeleted: 2 })
  for (const uid of ['a', 'b', 'c']) {
    names.put(podObject(uid))
    names.remove(podObject(uid), 0)
  }
  expect([names.get('a'), names.get('b')?.pod, names.get('c')?.pod]).toEqual([
    undefined,
    'pod-b',
    'pod-c',
  ])
})

test('a container that crashes for ever forgets its oldest ids, never those of its running neighbour', () => {
  const names = createPodNames()
  for (let crash = 0; crash < 200; crash += 1) {
    const crashing = { name: 'crashing', containerID: `containerd://${idOf(crash)}` }
    names.put(podObject('a', { containerStatuses: [running('steady', 'a'), crashing] }))
  }
  const containers = names.get('a')?.containers
  expect(containers?.size).toBe(64)
  expect(containers?.get(id('a'))).toBe('steady')
  expect(containers?.get(idOf(199))).toBe('crashing')
  expect(containers?.get(idOf(0))).toBeUndefined()
})
