import { expect, test } from 'vitest'
import { workloadOf, type WorkloadFacts } from './workload.ts'

const createdMs = Date.parse('2026-11-23T18:30:00Z')
const minutes = Math.floor(createdMs / 60_000)

const ownedBy = (kind: string, name: string, pod: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  name: `${name}-x7k2p`,
  nodeName: 'node-1',
  createdMs,
  ownerReferences: [{ kind, name, controller: true }],
  ...pod,
})

test.each<[string, WorkloadFacts, string, string]>([
  ['a pod made by hand', { name: 'shell' }, 'Pod', 'shell'],
  [
    'a pod with an owner that is no controller',
    { name: 'shell', ownerReferences: [{ kind: 'Foo', name: 'foo' }] },
    'Pod',
    'shell',
  ],
  [
    'a Deployment',
    ownedBy('ReplicaSet', 'cart-6d4f9c7b8', { labels: { 'pod-template-hash': '6d4f9c7b8' } }),
    'Deployment',
    'cart',
  ],
  [
    'a Deployment whose name has dashes',
    ownedBy('ReplicaSet', 'my-cart-v2-6d4f', { labels: { 'pod-template-hash': '6d4f' } }),
    'Deployment',
    'my-cart-v2',
  ],
  [
    'a Rollout of Argo',
    ownedBy('ReplicaSet', 'cart-5f', { labels: { 'rollouts-pod-template-hash': '5f' } }),
    'Rollout',
    'cart',
  ],
  ['a ReplicaSet made by hand', ownedBy('ReplicaSet', 'cart-6d4f'), 'ReplicaSet', 'cart-6d4f'],
  [
    'a ReplicaSet with a label that is not of its name',
    ownedBy('ReplicaSet', 'cart', { labels: { 'pod-template-hash': '6d4f' } }),
    'ReplicaSet',
    'cart',
  ],
  [
    'a ReplicaSet with a label that is no text',
    ownedBy('ReplicaSet', 'cart-1', { labels: { 'pod-template-hash': 1 } }),
    'ReplicaSet',
    'cart-1',
  ],
  ['a StatefulSet', ownedBy('StatefulSet', 'db'), 'StatefulSet', 'db'],
  ['a DaemonSet', ownedBy('DaemonSet', 'proxy'), 'DaemonSet', 'proxy'],
  ['a Job', ownedBy('Job', 'import'), 'Job', 'import'],
  ['a Job named after a day', ownedBy('Job', 'report-20261123'), 'Job', 'report-20261123'],
  ['a Job named after a number', ownedBy('Job', 'batch-99999999'), 'Job', 'batch-99999999'],
  ['a CronJob', ownedBy('Job', `backup-${minutes}`), 'CronJob', 'backup'],
  [
    'a CronJob whose Job waited for a week',
    ownedBy('Job', `backup-${minutes - 7 * 24 * 60}`),
    'CronJob',
    'backup',
  ],
  [
    'a static pod',
    ownedBy('Node', 'node-1', { name: 'kube-apiserver-node-1' }),
    'StaticPod',
    'kube-apiserver',
  ],
  [
    'a static pod before its node is known',
    ownedBy('Node', 'node-1', { name: 'etcd-node-1', nodeName: undefined }),
    'StaticPod',
    'etcd-node-1',
  ],
  ['the object of an operator', ownedBy('StrimziPodSet', 'kafka'), 'StrimziPodSet', 'kafka'],
  [
    'what the pod says with null',
    { name: 'shell', labels: null, ownerReferences: null, nodeName: null },
    'Pod',
    'shell',
  ],
])('workload of %s', (_what, pod, workloadKind, workload) => {
  expect(workloadOf(pod)).toEqual({ workload, workloadKind })
})

test('a pod that does not tell when it was made may still be a CronJob’s', () => {
  const { createdMs: _, ...pod } = ownedBy('Job', 'backup-29000000')
  expect(workloadOf(pod)).toEqual({ workload: 'backup', workloadKind: 'CronJob' })
})
