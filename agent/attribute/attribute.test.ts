import { expect, test } from 'vitest'
import type { AttributedFlow, Flow } from '../model.ts'
import type { Metric } from '../registry.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { attribution, type AttributionParts } from './attribute.ts'
import type { CgroupOwner } from './cgroup-path.ts'
import { createPodNames } from './pod-names.ts'

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

function podObject(containerId?: string) {
  const containerID = containerId === undefined ? undefined : `containerd://${containerId}`
  return {
    metadata: { uid: UID, namespace: 'shop', name: 'cart-0', resourceVersion: '1' },
    status: { containerStatuses: [{ name: 'server', containerID }] },
  }
}

const owners = (flows: readonly AttributedFlow[]) => flows.map(({ owner }) => owner)

test('a process of the machine is known by its unit, a container outside Kubernetes by its short id', () => {
  const { attribute } = setUp()
  expect(owners(attribute([flow(1), flow(2), flow(3)], 0))).toEqual([
    {},
    { container: 'ssh.service' },
    { container: '4b8d1f0c6a2e' },
  ])
})

test('a flow of a known pod carries namespace, pod and container', () => {
  const { attribute, pods } = setUp()
  pods.put(podObject(ID))
  expect(owners(attribute([flow(4), flow(5)], 0))).toEqual([
    { namespace: 'shop', pod: 'cart-0', container: 'server' },
    { namespace: 'shop', pod: 'cart-0' },
  ])
})

test('the first bytes of a new pod wait until its container has a name', () => {
  const { attribute, pods } = setUp()
  expect(attribute([flow(4, 10)], 0)).toEqual([])
  pods.put(podObject())
  expect(attribute([flow(4, 20)], 10_000)).toEqual([])
  pods.put(podObject(ID))
  const named = attribute([flow(4, 30)], 20_000)
  expect(named.map(({ bytesSent }) => bytesSent)).toEqual([10, 20, 30])
  expect(new Set(owners(named))).toEqual(
    new Set([{ namespace: 'shop', pod: 'cart-0', container: 'server' }]),
  )
})

test('a name that does not come is not waited for longer than 30 s', async () => {
  const { attribute, pods, unattributed } = setUp()
  attribute([flow(4)], 0)
  expect(attribute([], 29_999)).toEqual([])
  expect(owners(attribute([], 30_000))).toEqual([{ container: '4b8d1f0c6a2e' }])

  pods.put(podObject())
  attribute([flow(4)], 40_000)
  expect(owners(attribute([], 70_000))).toEqual([
    { namespace: 'shop', pod: 'cart-0', container: '4b8d1f0c6a2e' },
  ])
  expect(unattributed()).toEqual([
    { labels: { reason: 'pod_unknown' }, value: 101 },
    { labels: { reason: 'container_unknown' }, value: 101 },
  ])
})

test('without room to wait a flow passes at once and is counted', async () => {
  const { attribute, unattributed, heldBytes } = setUp({ maxHeld: 1 })
  expect(owners(attribute([flow(4), flow(4)], 0))).toEqual([{ container: '4b8d1f0c6a2e' }])
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
  expect(owners(attribute([flow(4), flow(5)], 0))).toEqual([{ container: '4b8d1f0c6a2e' }, {}])
  expect([...telemetry.unattributedBytes.readings.values()]).toEqual([])
})

test('every byte that goes in comes out, through waiting, room running out and the end', () => {
  const { attribute, flush } = setUp({ maxHeld: 3, holdMs: 15 })
  let sent = 0
  let received = 0
  for (let tick = 0; tick < 20; tick += 1) {
    const flows = [1, 2, 3, 4, 5, 77].map(cgroupId => flow(cgroupId, tick * 10 + cgroupId))
    sent += flows.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
    for (const { bytesSent } of attribute(flows, tick * 5)) received += bytesSent
  }
  expect(received).toBeLessThan(sent)
  for (const { bytesSent } of flush(100)) received += bytesSent
  expect(received).toBe(sent)
})
