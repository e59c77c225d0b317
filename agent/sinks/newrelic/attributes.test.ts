import { expect, test } from 'vitest'
import {
  DROPPABLE_LABELS,
  OPTIONAL_LABELS,
  type LabelChoice,
} from '../../aggregate/traffic-labels.ts'
import type { AttributedFlow } from '../../model.ts'
import { exampleFlow } from '../../test/example-flow.ts'
import { eventReceiver } from '../test/event-receiver.ts'
import { senderTo } from '../test/event-sender.ts'
import { batchesOf } from '../test/one-interval.ts'

const LABELS: LabelChoice = { add: OPTIONAL_LABELS, drop: [], processes: true }

/** The events of one interval of an agent that saw these flows. */
async function eventsOf(flows: readonly AttributedFlow[], labels = LABELS) {
  await using receiver = await eventReceiver()
  const target = senderTo(receiver)
  const settings = { cluster: 'prod', labels, zone: () => 'eu-1a', names2021: true }
  for (const batch of batchesOf(flows, Date.now(), settings)) target.offer(batch)
  await target[Symbol.asyncDispose]()
  expect(target.lines).toEqual([])
  expect(receiver.faults).toEqual([])
  return receiver.taken
}

const owner = {
  namespace: 'shop',
  pod: 'web-7d9f-abc',
  container: 'nginx',
  workload: 'web',
  workloadKind: 'Deployment',
  image: 'nginx:1.29',
  containerId: 'f'.repeat(64),
}

test('all that an agent knows of a TCP target is in its event, each number under its own name', async () => {
  const flow = exampleFlow({
    owner,
    process: { pid: 4_711, command: 'nginx' },
    role: 'server',
    bytesSent: 1_001,
    bytesReceived: 1_002,
    connectionsOpened: 3,
    failedRefused: 5,
    failedTimedOut: 7,
    failedUnreachable: 11,
    failedOther: 13,
    resetByUs: 17,
    resetByPeer: 19,
    retransmits: 23,
    rttSumUs: 900,
    rttSamples: 3,
    rttMinUs: 250,
  })
  expect(await eventsOf([flow])).toEqual([
    {
      eventType: 'ContainerVisibility',
      event: 'Close',
      timestamp: expect.any(Number),
      cluster: 'prod',
      'container.id': 'f'.repeat(64),
      'container.image': 'nginx:1.29',
      'container.name': 'nginx',
      'destination.ip': '192.0.2.7',
      'destination.port': 443,
      'k8s.namespace': 'shop',
      'k8s.pod': 'web-7d9f-abc',
      'k8s.workload': 'web',
      'k8s.workload.kind': 'Deployment',
      'process.cmd': 'nginx',
      'process.pid': 4_711,
      protocol: 'tcp',
      role: 'server',
      'source.host': 'node-1',
      zone: 'eu-1a',
      'bytes.tx': 1_001,
      'bytes.rx': 1_002,
      'connections.opened': 3,
      'connections.failed': 5 + 7 + 11 + 13,
      'connections.reset': 17 + 19,
      'tcp.retransmits': 23,
      'tcp.srtt': 300,
    },
  ])
})

test('an event of UDP has both directions, and nothing that only TCP knows', async () => {
  const [event] = await eventsOf([
    exampleFlow({ owner, protocol: 'udp', bytesSent: 512, datagramsSent: 2 }),
  ])
  expect(event).toMatchObject({ protocol: 'udp', 'bytes.tx': 512, 'bytes.rx': 0 })
  expect(Object.keys(event ?? {}).filter(name => /^(tcp|connections)\./.test(name))).toEqual([])
})

test('a host process has no attribute of a container or a pod, and none is empty', async () => {
  const [event] = await eventsOf([exampleFlow({ bytesSent: 1 })])
  expect(event).toMatchObject({ 'source.host': 'node-1', 'bytes.tx': 1 })
  expect(Object.keys(event ?? {}).filter(name => /^(k8s|container|process)\./.test(name))).toEqual(
    [],
  )
})

test('without a label, targets that coincide are one event, whose numbers add up', async () => {
  const flows = ['192.0.2.1', '198.51.100.2'].map(remoteAddress =>
    exampleFlow({ owner, remoteAddress, bytesSent: 100, retransmits: 1 }),
  )
  const labels: LabelChoice = {
    ...LABELS,
    drop: DROPPABLE_LABELS.filter(name => name !== 'k8s_namespace' && name !== 'protocol'),
  }
  const events = await eventsOf(flows, labels)
  expect(events).toEqual([
    expect.objectContaining({ 'k8s.namespace': 'shop', 'bytes.tx': 200, 'tcp.retransmits': 2 }),
  ])
  expect(events[0]).not.toHaveProperty(['destination.ip'])
})
