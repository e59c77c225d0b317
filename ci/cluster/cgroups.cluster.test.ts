import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { untilAgreed } from './agreement.ts'
import { podCounts } from './example/counts.ts'
import { createPod, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { folders, kubectl, promql } from './running.ts'

const place = '192.0.2.20'
const few = { cpu: '500m', memory: '200Mi' }
const pods = {
  careless: { send: 30_011, resources: {} },
  frugal: { send: 30_013, resources: { requests: { cpu: '10m' } } },
  reserved: { send: 30_029, resources: { requests: few, limits: few } },
}

// A class is for life: the API server refuses a change of resources that would move a pod (KEP-1287).
beforeAll(async () => {
  await createNamespace(kubectl, 'cgroups')
  for (const [name, { send, resources }] of Object.entries(pods)) {
    const { containers, ...spec } = talking(send)
    const limited = containers.map(container => ({ ...container, resources }))
    await createPod('cgroups', name, { ...spec, containers: limited })
  }
  const metadata = { name: 'fixed', namespace: 'cgroups' }
  const fixed = { apiVersion: 'v1', kind: 'Pod', metadata, spec: talking(30_047) }
  writeFileSync(join(folders.staticPods, 'fixed.json'), JSON.stringify(fixed))
  const names = [...Object.keys(pods), 'fixed-atlas-node']
  await untilDone(
    'cgroups',
    names.map(name => `${name}/talker`),
  )
  await untilAgreed('cgroups')
})

test.for([
  ['BestEffort', 'careless'],
  ['Burstable', 'frugal'],
  ['Guaranteed', 'reserved'],
] as const)('a pod of the class %s has its own bytes', async ([qosClass, name]) => {
  expect(
    await kubectl(['-n', 'cgroups', 'get', 'pod', name, '-o=jsonpath={.status.qosClass}']),
  ).toBe(qosClass)
  const query = `podatlas_transmit_bytes_total{k8s_namespace="cgroups",k8s_pod="${name}"}`
  expect(await promql(query)).toMatchObject([{ value: pods[name].send }])
})

test('a static pod, whose cgroup has a hash for a name, has its own bytes', async () => {
  expect((await podCounts('cgroups')).get('fixed-atlas-node/talker')?.remotes[place]?.sent).toBe(
    30_047,
  )
  const labels = {
    k8s_pod: 'fixed-atlas-node',
    k8s_workload: 'fixed',
    k8s_workload_kind: 'StaticPod',
  }
  const query = `sum by (${Object.keys(labels).join(', ')}) (podatlas_transmit_bytes_total{k8s_pod="fixed-atlas-node"})`
  expect(await promql(query)).toEqual([{ labels, value: 30_047 }])
})

function talking(send: number) {
  return podOf({ talker: ['call', `${place}:7000,send=${send},receive=2003`] })
}
