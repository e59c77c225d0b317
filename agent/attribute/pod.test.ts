import { expect, test } from 'vitest'
import { pick } from './pick.ts'
import { podShape, readPod, resourceVersionOf } from './pod.ts'

const id = (digit: string) => digit.repeat(64)
const metadata = { uid: 'u', namespace: 'shop', name: 'cart-0' }

test('a pod gives its names, its workload, its images and its container ids', () => {
  expect(
    readBoth({
      kind: 'Pod',
      metadata: {
        ...metadata,
        labels: { 'pod-template-hash': '6d4f' },
        ownerReferences: [{ kind: 'ReplicaSet', name: 'cart-6d4f', controller: true, uid: 'r' }],
      },
      spec: {
        nodeName: 'node-1',
        initContainers: [{ name: 'mesh', image: 'mesh:1', restartPolicy: 'Always' }],
        containers: [{ name: 'server', image: 'registry.example/cart:2' }],
        ephemeralContainers: [{ name: 'debugger', image: 'busybox' }],
      },
      status: {
        initContainerStatuses: [{ name: 'mesh', containerID: `containerd://${id('1')}` }],
        containerStatuses: [{ name: 'server', containerID: `cri-o://${id('2')}` }],
        ephemeralContainerStatuses: [{ name: 'debugger', containerID: `docker://${id('3')}` }],
      },
    }),
  ).toEqual({
    uids: ['u'],
    owner: { namespace: 'shop', pod: 'cart-0', workload: 'cart', workloadKind: 'Deployment' },
    images: new Map([
      ['mesh', 'mesh:1'],
      ['server', 'registry.example/cart:2'],
      ['debugger', 'busybox'],
    ]),
    containers: [
      [id('1'), 'mesh'],
      [id('2'), 'server'],
      [id('3'), 'debugger'],
    ],
  })
})

test('a restarted container is known by all ids that its status still tells, the running one last', () => {
  const pod = readBoth({
    metadata,
    status: {
      containerStatuses: [
        {
          name: 'server',
          lastState: { terminated: { containerID: `containerd://${id('1')}`, exitCode: 1 } },
          state: { terminated: { containerID: `containerd://${id('2')}` } },
          containerID: `containerd://${id('2')}`,
        },
      ],
    },
  })
  expect(pod?.containers).toEqual([
    [id('1'), 'server'],
    [id('2'), 'server'],
    [id('2'), 'server'],
  ])
})

test('the mirror of a static pod stands under its own UID and under the hash of its file', () => {
  const mirror = { ...metadata, annotations: { 'kubernetes.io/config.hash': 'f00d' } }
  expect(readBoth({ metadata: mirror })?.uids).toEqual(['u', 'f00d'])
})

test.each([
  ['no status and no spec', {}],
  ['nulls', { spec: null, status: null }],
  ['an empty status', { status: { containerStatuses: null } }],
  [
    'a container without an id',
    { status: { containerStatuses: [{ name: 'a', containerID: '' }] } },
  ],
  ['a container without a name', { status: { containerStatuses: [{ containerID: 'a://b' }] } }],
  ['a status of another kind', { status: 'Running', spec: [1, 2] }],
  [
    'states of another kind',
    { status: { containerStatuses: [null, 7, { name: 'a', state: [] }] } },
  ],
])('a pod with %s has its names', (_what, rest) => {
  const pod = readBoth({ metadata, ...rest })
  expect(pod?.owner).toEqual({
    namespace: 'shop',
    pod: 'cart-0',
    workload: 'cart-0',
    workloadKind: 'Pod',
  })
  expect(pod?.containers).toEqual([])
})

test('names of 200 characters and annotations in any script do no harm', () => {
  const name = 'n'.repeat(200)
  const annotations = { 'example.org/Grüße-🐟': '釜山 \u0000\u2028 '.repeat(1_000) }
  const pod = readBoth({ metadata: { ...metadata, name, annotations } })
  expect(pod?.owner.pod).toBe(name)
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a list', []],
  ['text', 'pod'],
  ['no metadata', { kind: 'Pod' }],
  ['no UID', { metadata: { namespace: 'shop', name: 'cart-0' } }],
  ['a name that is a number', { metadata: { ...metadata, name: 7 } }],
  ['an empty namespace', { metadata: { ...metadata, namespace: '' } }],
])('%s is no pod', (_what, value) => {
  expect(readBoth(value)).toBeUndefined()
})

test('the version to go on from is the same field in pods, bookmarks and lists', () => {
  expect(resourceVersionOf({ kind: 'Pod', metadata: { resourceVersion: '42' } })).toBe('42')
  expect(resourceVersionOf({ metadata: { resourceVersion: 42 } })).toBeUndefined()
  expect(resourceVersionOf(undefined)).toBeUndefined()
})

/** As the list gives it, and as the watch does, which picks what is read from the bytes. */
function readBoth(value: unknown) {
  const whole = readPod(value)
  const json = JSON.stringify(value) ?? 'null'
  expect(readPod(pick(Buffer.from(json), podShape))).toEqual(whole)
  return whole
}
