import { beforeAll, expect, test, vi } from 'vitest'
import { addresses } from './addresses.ts'
import { answered } from './answered.ts'
import { nodeName } from './certificates.ts'
import { create, podAddress, podOf } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, serviceUrl } from './running.ts'

const service = '203.0.113.3'
const patience = { timeout: 60_000, interval: 500 }
let pod = ''

beforeAll(async () => {
  const labels = { app: 'desk' }
  const metadata = { name: 'desk', namespace: 'routes', labels }
  await createNamespace(kubectl, 'routes')
  await create(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { clusterIP: service, selector: labels, ports: [{ port: 80, targetPort: 7000 }] },
    },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: podOf({ desk: ['serve', '0.0.0.0:7000'] }) },
  )
  await kubectl(['-n', 'routes', 'wait', '--for=condition=Ready', 'pod/desk', '--timeout=60s'])
  pod = await podAddress('routes', 'desk')
})

test.for([
  ['192.0.2.10', 'internet'],
  ['198.51.100.254', 'pod_network'],
  ['10.1.2.3', 'private'],
  ['fd00::5', 'private'],
  ['169.254.9.9', 'link_local'],
  ['224.0.0.251', 'multicast'],
  ['ff02::1', 'multicast'],
  ['127.0.0.1', 'loopback'],
] as const)('/peers/%s says that nobody owns it, and that it is %s', async ([address, kind]) => {
  expect(await answer(`/peers/${address}`)).toEqual({ address, kind })
})

test('/peers/ADDRESS names the owner of a pod address, a Service address and the address of the node', async () => {
  const owner = { namespace: 'routes', name: 'desk' }
  await vi.waitFor(async () => {
    expect(await answer(`/peers/${pod}`)).toMatchObject({ kind: 'pod', ...owner, node: nodeName })
    expect(await answer(`/peers/${service}`)).toMatchObject({
      kind: 'service',
      ...owner,
      endpoints: [{ address: pod, kind: 'pod', ...owner, ready: true }],
    })
  }, patience)
  const ofNode = await answer(`/peers/${addresses.node}`)
  expect(ofNode).toMatchObject({ kind: 'node', name: nodeName })
  expect(ofNode).not.toHaveProperty('namespace')
})

test('what is no address is refused', async () => {
  const url = `${await serviceUrl('podatlas-peers')}/peers/desk.routes.svc`
  const { status, text } = await answered(url)
  expect(status).toBe(400)
  expect(text).toContain('desk.routes.svc is no IP address')
})

async function answer(path: string): Promise<unknown> {
  const { text } = await answered(`${await serviceUrl('podatlas-peers')}${path}`)
  return JSON.parse(text)
}
