import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttributedFlow, Flow } from '../model.ts'
import type { Metric } from '../registry.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { attribution, type AttributionParts } from './attribute.ts'
import type { CgroupOwner } from './cgroup-path.ts'
import { createPodNames } from './pod-names.ts'
import { readPod, type Pod } from './pod.ts'

const ID = '4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493e07bb5c1d6f82e'
const UID = '1f2e3d4c-5b6a-4789-8abc-def012345678'

const CGROUPS: Record<number, CgroupOwner> = {
  1: { kind: 'root' },
  2: { kind: 'unit', unit: 'ssh.service' },
  3: { kind: 'container', containerId: ID },
  4: { kind: 'container', containerId: ID, podUid: UID },
  5: { kind: 'pod', podUid: UID },
}

function setUp(overrides: Partial<AttributionParts> = {}) {
  const telemetry = createTelemetry('node-1', 'test')
  const cgroups = { scan: () => undefined, ownerOf: (id: number) => CGROUPS[id] }
  const pods = createPodNames()
  const stage = attribution({ cgroups, pods, telemetry, holdMs: 30_000, ...overrides })
  return {
    ...stage,
    pods,
    unattributed: () => valuesOf(telemetry.unattributedBytes),
    heldBytes: () => valuesOf(telemetry.heldBytes),
  }
}

function valuesOf({ readings }: Metric) {
  return [...readings.values()]
}

function flow(cgroupId: number, bytesSent = 100): Flow {
  const remoteAddress = '192.0.2.1'
  return exampleFlow({ cgroupId, remoteAddress, bytesSent, bytesReceived: 1, connectionsOpened: 1 })
}

/** With a second container, so that an unknown id could be either. */
function podObject(containerId?: string): Pod {
  const containerID = containerId === undefined ? undefined : `containerd://${containerId}`
  const pod = readPod({
    metadata: { uid: UID, namespace: 'shop', name: 'cart-0' },
    spec: { containers: [{ name: 'server', image: 'cart:1' }, { name: 'proxy' }] },
    status: { containerStatuses: [{ name: 'server', containerID }] },
  })
  if (!pod) throw new Error('this is no pod')
  return pod
}

const CART = { namespace: 'shop', pod: 'cart-0', workload: 'cart-0', workloadKind: 'Pod' }
const SERVER = { ...CART, container: 'server', containerId: ID, image: 'cart:1' }
const SHORT_ID = { container: '4b8d1f0c6a2e', containerId: ID }

const owners = (flows: readonly AttributedFlow[]) => flows.map(({ owner }) => owner)

test('a process of the machine is known by its unit, a container outside Kubernetes by its short id', () => {
  const { attribute } = setUp()
  expect(owners(attribute([flow(1), flow(2), flow(3)], 0))).toEqual([
    {},
    { container: 'ssh.service' },
    SHORT_ID,
  ])
})

test('a flow of a known pod carries namespace, pod and container', () => {
  const { attribute, pods } = setUp()
  pods.put(podObject(ID))
  expect(owners(attribute([flow(4), flow(5)], 0))).toEqual([SERVER, CART])
})

test('the first bytes of a new pod wait until its container has a name', () => {
  const { attribute, pods } = setUp()
  expect(attribute([flow(4, 10)], 0)).toEqual([])
  pods.put(podObject())
  expect(attribute([flow(4, 20)], 10_000)).toEqual([])
  pods.put(podObject(ID))
  const named = attribute([flow(4, 30)], 20_000)
  expect(named.map(({ bytesSent }) => bytesSent)).toEqual([10, 20, 30])
  expect(new Set(owners(named))).toEqual(new Set([SERVER]))
})

test('a name that does not come is not waited for longer than 30 s', () => {
  const { attribute, unattributed } = setUp()
  attribute([flow(4)], 0)
  expect(attribute([], 29_999)).toEqual([])
  expect(owners(attribute([], 30_000))).toEqual([SHORT_ID])
  expect(unattributed()).toEqual([{ labels: { reason: 'pod_unknown' }, value: 101 }])
})

test('a name that did not come once is not waited for again, and is used when it comes', () => {
  const { attribute, pods, unattributed } = setUp()
  attribute([flow(4)], 0)
  attribute([], 30_000)
  expect(owners(attribute([flow(4)], 40_000))).toEqual([SHORT_ID])
  pods.put(podObject())
  expect(owners(attribute([flow(4)], 50_000))).toEqual([{ ...CART, ...SHORT_ID }])
  pods.put(podObject(ID))
  expect(owners(attribute([flow(4)], 60_000))).toEqual([SERVER])
  expect(unattributed()).toEqual([
    { labels: { reason: 'pod_unknown' }, value: 202 },
    { labels: { reason: 'container_unknown' }, value: 101 },
  ])
})

test('an owner is the same object in every tick, named or not', () => {
  const { attribute, pods } = setUp({ holdMs: 0 })
  const tick = (nowMs: number) => owners(attribute([flow(2), flow(3), flow(4), flow(5)], nowMs))
  const before = tick(0)
  for (const [index, owner] of tick(10).entries()) expect(owner).toBe(before[index])
  pods.put(podObject())
  const half = tick(20)
  for (const [index, owner] of tick(30).entries()) expect(owner).toBe(half[index])
  pods.put(podObject(ID))
  const named = tick(40)
  for (const [index, owner] of tick(50).entries()) expect(owner).toBe(named[index])
})

test('the only container of a pod owns what an unknown id of the pod sends, after the wait', () => {
  const { attribute, pods, unattributed } = setUp()
  pods.put({ ...podObject(), images: new Map([['server', 'cart:1']]) })
  expect(attribute([flow(4)], 0)).toEqual([])
  expect(owners(attribute([], 30_000))).toEqual([SERVER])
  expect(unattributed()).toEqual([])
})

test('without room to wait a flow passes at once and is counted', async () => {
  const { attribute, unattributed, heldBytes } = setUp({ maxHeld: 1 })
  expect(owners(attribute([flow(4), flow(4)], 0))).toEqual([SHORT_ID])
  expect(unattributed()).toEqual([{ labels: { reason: 'hold_full' }, value: 101 }])
  expect(heldBytes()).toEqual([{ labels: {}, value: 101 }])
})

test('a cgroup that nobody saw is no reason to wait', async () => {
  const { attribute, unattributed } = setUp()
  expect(owners(attribute([flow(77)], 0))).toEqual([{}])
  expect(unattributed()).toEqual([{ labels: { reason: 'cgroup_unknown' }, value: 101 }])
})

test('without Kubernetes nothing waits and nothing counts as unknown', async () => {
  const telemetry = createTelemetry('node-1', 'test')
  const cgroups = { scan: () => undefined, ownerOf: (id: number) => CGROUPS[id] }
  const { attribute } = attribution({ cgroups, telemetry })
  expect(owners(attribute([flow(4), flow(5)], 0))).toEqual([SHORT_ID, {}])
  expect([...telemetry.unattributedBytes.readings.values()]).toEqual([])
})

test('every byte that goes in is out or waits, at every tick, and at the end none waits', () => {
  const action = fc.oneof(
    fc.record({ cgroupId: fc.constantFrom(1, 2, 3, 4, 5, 77), bytes: fc.nat(1_000_000) }),
    fc.constantFrom('pod is named', 'container is named', 'pod is deleted', 'tick'),
  )
  fc.assert(
    fc.property(fc.array(action), fc.nat(4), fc.nat(40), (actions, maxHeld, holdMs) => {
      const { attribute, flush, pods, heldBytes } = setUp({ maxHeld, holdMs })
      let nowMs = 0
      let drained: Flow[] = []
      let bytesIn = 0
      let bytesOut = 0
      for (const done of [...actions, 'tick'] as const) {
        if (done === 'pod is named') pods.put(podObject())
        else if (done === 'container is named') pods.put(podObject(ID))
        else if (done === 'pod is deleted') pods.remove(podObject(), nowMs - 600_001)
        else if (done !== 'tick') drained.push(flow(done.cgroupId, done.bytes))
        if (done !== 'tick') continue
        nowMs += 10
        bytesIn += bytesOf(drained)
        bytesOut += bytesOf(attribute(drained, nowMs))
        drained = []
        expect(bytesOut + (heldBytes()[0]?.value ?? 0)).toBe(bytesIn)
      }
      expect(bytesOut + bytesOf(flush(nowMs))).toBe(bytesIn)
      expect(heldBytes()[0]?.value).toBe(0)
    }),
  )
})

function bytesOf(flows: readonly Flow[]): number {
  return flows.reduce((sum, { bytesSent, bytesReceived }) => sum + bytesSent + bytesReceived, 0)
}
