import { beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createNamespace } from './namespace.ts'
import { kubectl } from './running.ts'

const account = 'system:serviceaccount:podatlas:podatlas-peers'
const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
const read = ['pods', 'services', 'nodes', 'endpointslices']
const others = [
  'secrets',
  'configmaps',
  'endpoints',
  'events',
  'namespaces',
  'serviceaccounts',
  'deployments',
  'daemonsets',
  'clusterroles',
  'pods/log',
  'pods/exec',
  'nodes/proxy',
]
const groups: Readonly<Record<string, string>> = {
  endpointslices: 'discovery.k8s.io',
  deployments: 'apps',
  daemonsets: 'apps',
  clusterroles: 'rbac.authorization.k8s.io',
}
const Template = z.object({ spec: z.looseObject({}) })
const level = { 'pod-security.kubernetes.io/enforce': 'restricted' }

beforeAll(() => createNamespace(kubectl, 'restricted', level))

test('peers may list and watch pods, services, nodes and endpoint slices, and do nothing else', async () => {
  const asked = [...read, ...others].flatMap(resource => verbs.map(verb => review(verb, resource)))
  const list = { apiVersion: 'v1', kind: 'List', items: asked }
  const of = '.spec.resourceAttributes'
  const line = `{.status.allowed} {${of}.verb} {${of}.resource}/{${of}.subresource}{"\\n"}`
  const answer = await kubectl(['create', '-f', '-', `-o=jsonpath=${line}`], JSON.stringify(list))
  const answers = answer.trim().split('\n')
  expect(answers).toHaveLength(asked.length)
  const allowed = answers.filter(one => !one.startsWith('false '))
  const expected = read.flatMap(resource => [`true list ${resource}/`, `true watch ${resource}/`])
  expect(allowed.toSorted()).toEqual(expected.toSorted())
})

test('a namespace that enforces the restricted Pod Security Standard takes the pod of peers, not that of the agent', async () => {
  expect(await createRestricted('deployment', 'podatlas-peers')).toContain('pod/strict created')
  await expect(createRestricted('daemonset', 'podatlas-agent')).rejects.toThrow(
    'violates PodSecurity "restricted:latest"',
  )
})

/** Asks the API server to take a pod as the chart makes it, in the namespace that enforces the standard. */
async function createRestricted(kind: string, name: string): Promise<string> {
  await kubectl(['-n', 'restricted', 'create', 'serviceaccount', name])
  const path = '-o=jsonpath={.spec.template}'
  const template = await kubectl(['-n', 'podatlas', 'get', kind, name, path])
  const { spec } = Template.parse(JSON.parse(template))
  const metadata = { name: 'strict', namespace: 'restricted' }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  return await kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(pod))
}

/** Whether the account of peers may do this in every namespace. */
function review(verb: string, of: string) {
  const [resource = '', subresource = ''] = of.split('/')
  const resourceAttributes = { verb, group: groups[resource] ?? '', resource, subresource }
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: account, groups: ['system:serviceaccounts'], resourceAttributes },
  }
}
