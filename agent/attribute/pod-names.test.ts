import { expect, test } from 'vitest'
import { createPodNames } from './pod-names.ts'
import { readPod, type Pod } from './pod.ts'

const id = (digit: string) => digit.repeat(64)
const idOf = (number: number) => number.toString(16).padStart(64, '0')

type Container = readonly [name: string, containerId?: string]

function podObject(uid: string, containers: readonly Container[] = [], metadata: object = {}): Pod {
  const pod = readPod({
    metadata: { uid, namespace: 'shop', name: `pod-${uid}`, ...metadata },
    spec: { containers: containers.map(([name]) => ({ name, image: `${name}:1` })) },
    status: {
      containerStatuses: containers.map(([name, containerID]) => ({ name, containerID })),
    },
  })
  if (!pod) throw new Error('this is no pod')
  return pod
}

const ownerOf = (uid: string) => ({
  namespace: 'shop',
  pod: `pod-${uid}`,
  workload: `pod-${uid}`,
  workloadKind: 'Pod',
})

test('a container has the names of its pod, its own name, its image and its id', () => {
  const names = createPodNames()
  names.put(
    podObject('a', [
      ['server', id('1')],
      ['proxy', id('2')],
    ]),
  )
  expect(names.get('a')?.owner).toEqual(ownerOf('a'))
  expect(Object.fromEntries(names.get('a')?.containers ?? [])).toEqual({
    [id('1')]: { ...ownerOf('a'), container: 'server', containerId: id('1'), image: 'server:1' },
    [id('2')]: { ...ownerOf('a'), container: 'proxy', containerId: id('2'), image: 'proxy:1' },
  })
})

test('an owner is the same object as long as its names are the same', () => {
  const names = createPodNames()
  names.put(podObject('a', [['server', id('1')]]))
  const { owner, containers } = names.get('a') ?? {}
  const server = containers?.get(id('1'))
  names.put(podObject('a', [['server', id('1')]]))
  names.replaceAll([podObject('a', [['server', id('1')]])], 0)
  expect(names.get('a')?.owner).toBe(owner)
  expect(names.get('a')?.containers.get(id('1'))).toBe(server)
})

test('a container whose image is replaced keeps the old image for its old id', () => {
  const names = createPodNames()
  names.put(podObject('a', [['server', id('1')]]))
  const pod = podObject('a', [['server', id('2')]])
  names.put({ ...pod, images: new Map([['server', 'server:2']]) })
  expect(names.get('a')?.containers.get(id('1'))?.image).toBe('server:1')
  expect(names.get('a')?.containers.get(id('2'))?.image).toBe('server:2')
})

test('two pods of one name, one after the other, are two pods with containers of their own', () => {
  const names = createPodNames()
  const name = { name: 'db-0' }
  names.put(podObject('first', [['db', id('1')]], name))
  names.remove(podObject('first', [['db', id('1')]], name), 0)
  names.put(podObject('second', [['db', id('2')]], name))
  expect(names.get('first')?.containers.get(id('1'))?.pod).toBe('db-0')
  expect(names.get('first')?.containers.has(id('2'))).toBe(false)
  expect(names.get('second')?.containers.has(id('1'))).toBe(false)
  expect(names.get('second')?.containers.get(id('2'))?.pod).toBe('db-0')
})

test('a static pod is found by its hash, over a mirror that is deleted and made anew', () => {
  const hash = { annotations: { 'kubernetes.io/config.hash': 'f00d' }, name: 'etcd-node-1' }
  const names = createPodNames({ graceMs: 100 })
  names.put(podObject('mirror-1', [['etcd', id('1')]], hash))
  names.remove(podObject('mirror-1', [['etcd', id('1')]], hash), 0)
  names.put(podObject('mirror-2', [['etcd', id('2')]], hash))
  names.forget(1_000)
  expect(names.get('mirror-1')).toBeUndefined()
  expect(names.get('f00d')?.containers.get(id('1'))?.container).toBe('etcd')
  expect(names.get('f00d')?.containers.get(id('2'))?.container).toBe('etcd')
})

test('the only container of a pod is known under any id, one of several is not', () => {
  const names = createPodNames()
  names.put(podObject('one', [['server']]))
  names.put(podObject('two', [['server'], ['proxy']]))
  names.put(podObject('none'))
  expect(names.get('one')?.onlyContainer(id('9'))).toMatchObject({
    container: 'server',
    containerId: id('9'),
  })
  expect(names.get('two')?.onlyContainer(id('9'))).toBeUndefined()
  expect(names.get('none')?.onlyContainer(id('9'))).toBeUndefined()
})

test('what was taken for the only container gets its right name when that comes', () => {
  const names = createPodNames()
  names.put(podObject('a', [['server', id('1')]]))
  expect(names.get('a')?.onlyContainer(id('2'))?.container).toBe('server')
  names.put(
    podObject('a', [
      ['server', id('1')],
      ['debugger', id('2')],
    ]),
  )
  expect(names.get('a')?.containers.get(id('2'))?.container).toBe('debugger')
})

test('a deleted pod keeps its name for the grace period, and not longer', () => {
  const names = createPodNames({ graceMs: 100 })
  names.put(podObject('a', [['server']]))
  names.remove(podObject('a', [['server', id('1')]]), 0)
  names.forget(100)
  expect(names.get('a')?.containers.get(id('1'))?.container).toBe('server')
  names.forget(101)
  expect(names.get('a')).toBeUndefined()
})

test('pods that a fresh list lacks count as deleted, those that come back do not', () => {
  const names = createPodNames({ graceMs: 100 })
  names.replaceAll([podObject('a'), podObject('b')], 0)
  names.replaceAll([podObject('b')], 10)
  expect(names.get('a')?.owner.pod).toBe('pod-a')
  names.replaceAll([podObject('a')], 50)
  names.replaceAll([podObject('a')], 1_000)
  expect(names.get('a')?.owner.pod).toBe('pod-a')
})

test('deleted pods are bounded in number', () => {
  const names = createPodNames({ maxDeleted: 2 })
  for (const uid of ['a', 'b', 'c']) {
    names.put(podObject(uid))
    names.remove(podObject(uid), 0)
  }
  expect(['a', 'b', 'c'].map(uid => names.get(uid)?.owner.pod)).toEqual([
    undefined,
    'pod-b',
    'pod-c',
  ])
})

test('a container that crashes for ever forgets its oldest ids, never those of its running neighbour', () => {
  const names = createPodNames()
  for (let crash = 0; crash < 200; crash += 1) {
    names.put(
      podObject('a', [
        ['steady', id('a')],
        ['crashing', idOf(crash)],
      ]),
    )
  }
  const containers = names.get('a')?.containers
  expect(containers?.size).toBe(64)
  expect(containers?.get(id('a'))?.container).toBe('steady')
  expect(containers?.get(idOf(199))?.container).toBe('crashing')
  expect(containers?.get(idOf(0))).toBeUndefined()
})
