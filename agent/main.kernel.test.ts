import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { freePorts } from '../ci/ports.ts'
import { CGROUP_V1_ONLY, runAgent, startAgent } from './test/agent-process.ts'
import { fakeApiServer } from './test/fake-api-server.ts'
import { converse, testCgroup } from './test/loopback.ts'

// The real `node agent/main.ts` on the real kernel.

const JSON_SINK = ['--sink', 'stdout,format=json']
const sent = 'podatlas_transmit_bytes_total'
const received = 'podatlas_receive_bytes_total'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podatlas-agent-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = (...more: string[]) => [
  '--bytecode',
  bpfObject(),
  '--listen=127.0.0.1:0',
  '--interval=1s',
  '--pin-directory=',
  ...more,
]

test('both ends of a connection show every byte, while it is open and after', async () => {
  using cgroup = testCgroup('shop.service')
  await using agent = startAgent(options(...JSON_SINK, '--node-name', 'node-1'))
  await agent.waitFor('podatlas_agent_info', { source_host: 'node-1' }, 1)

  await using conversation = await converse(cgroup.folder, 54_321, 12_345)
  const common = { destination_ip: '127.0.0.1', destination_port: String(conversation.port) }
  const client = { ...common, role: 'client', container_name: 'shop.service' }
  const server = { ...common, role: 'server' }
  await agent.waitFor(sent, client, 54_321)
  await agent.waitFor(received, client, 12_345)
  await agent.waitFor(sent, server, 12_345)
  await agent.waitFor(received, server, 54_321)

  expect(await conversation.close()).toBe(12_345)
  const closing = agent.lines.length
  await vi.waitFor(() => expect(agent.lines.length).toBeGreaterThan(closing + 100), 10_000)
  await agent.waitFor(sent, client, 54_321)
  await agent.waitFor('podatlas_connections_opened_total', client, 1)
})

test('with cgroup v1 only every byte is counted, and what is lost is told once and counted', async () => {
  using cgroup = testCgroup('shop.service')
  await using agent = startAgent(options(...JSON_SINK), {}, CGROUP_V1_ONLY)
  await agent.waitFor('podatlas_agent_drain_failures_total', {}, 0)
  await using conversation = await converse(cgroup.folder, 54_321, 12_345)
  const destination_port = String(conversation.port)
  await agent.waitFor(sent, { destination_port, role: 'client' }, 54_321)
  await agent.waitFor(received, { destination_port, role: 'client' }, 12_345)
  await agent.waitFor(
    'podatlas_agent_unattributed_bytes_total',
    { reason: 'cgroup_v1' },
    'more than 0',
  )
  const ours = agent.lines.filter(({ labels }) => labels.destination_port === destination_port)
  expect(ours.filter(({ labels }) => labels.container_name !== undefined)).toEqual([])
  const { stderr } = await agent.end('SIGTERM')
  expect(stderr.match(/cgroup v1 only/g)).toHaveLength(1)
})

test('what was counted up to SIGTERM is still sent, and the end is exit code 0', async () => {
  using cgroup = testCgroup('shop.service')
  await using agent = startAgent(options(...JSON_SINK, '--interval', '5m'))
  await agent.waitFor('podatlas_agent_drain_failures_total', {}, 0)
  await using conversation = await converse(cgroup.folder, 4_000, 3_000)
  await conversation.close()
  const { code, stderr } = await agent.end('SIGTERM')
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^\S+ info podatlas-agent \S+ counts on node .*stdout\n$/),
  })
  const labels = { container_name: 'shop.service', role: 'client' }
  await agent.waitFor(sent, labels, 4_000)
  await agent.waitFor(received, labels, 3_000)
})

test('a pod’s bytes wait for an API server that is away, and then carry its names', async () => {
  const uid = '1f2e3d4c-5b6a-4789-8abc-def012345678'
  const id = '4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493e07bb5c1d6f82e'
  using cgroup = testCgroup(`pod${uid}/${id}`)
  await using api = await fakeApiServer()
  await api.goAway()
  const { url, ...files } = api.address
  const file = join(folder, 'agent.json')
  writeFileSync(file, JSON.stringify({ kubernetes: { enabled: 'on', apiServer: url, ...files } }))

  await using agent = startAgent(options(...JSON_SINK, '--config', file, '--node-name', 'node-1'))
  await agent.waitFor(
    'podatlas_agent_pod_watch_failures_total',
    { reason: 'unreachable' },
    'more than 0',
  )
  await using conversation = await converse(cgroup.folder, 1_000, 2_000)
  await agent.waitFor('podatlas_agent_held_bytes', {}, 'more than 0')

  await api.comeBack()
  const { response, query } = await api.next()
  expect(query.get('fieldSelector')).toBe('spec.nodeName=node-1')
  const containerStatuses = [{ name: 'server', containerID: `containerd://${id}` }]
  const metadata = { uid, namespace: 'shop', name: 'cart-0', resourceVersion: '5' }
  const items = [{ metadata, status: { containerStatuses } }]
  response.end(JSON.stringify({ metadata: { resourceVersion: '5' }, items }))

  const names = { k8s_namespace: 'shop', k8s_pod: 'cart-0', container_name: 'server' }
  await agent.waitFor(sent, names, 1_000)
  await agent.waitFor(received, names, 2_000)
  expect(agent.lines.filter(({ labels }) => labels['container_name'] === id.slice(0, 12))).toEqual(
    [],
  )
  await conversation.close()
})

test('where the label zone is wanted, series have it from the start, and the workload anyway', async () => {
  const uid = '2f2e3d4c-5b6a-4789-8abc-def012345678'
  const id = '5b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493e07bb5c1d6f82e'
  using cgroup = testCgroup(`pod${uid}/${id}`)
  await using api = await fakeApiServer()
  const { url, ...files } = api.address
  const file = join(folder, 'agent.json')
  const kubernetes = { enabled: 'on', apiServer: url, ...files }
  writeFileSync(file, JSON.stringify({ kubernetes, labels: { add: ['zone'] } }))
  await using agent = startAgent(options(...JSON_SINK, '--config', file, '--node-name', 'node-1'))
  const requests = [await api.next(), await api.next()]
  const owner = { kind: 'StatefulSet', name: 'cart', controller: true }
  const metadata = { uid, namespace: 'shop', name: 'cart-0', ownerReferences: [owner] }
  const status = { containerStatuses: [{ name: 'server', containerID: `containerd://${id}` }] }
  const zone = { 'topology.kubernetes.io/zone': 'eu-west-1a' }
  for (const { path, response } of requests) {
    const list = { metadata: { resourceVersion: '5' }, items: [{ metadata, status }] }
    response.end(JSON.stringify(path === '/api/v1/pods' ? list : { metadata: { labels: zone } }))
  }
  await using conversation = await converse(cgroup.folder, 1_000, 2_000)
  const workload = { k8s_pod: 'cart-0', k8s_workload: 'cart', k8s_workload_kind: 'StatefulSet' }
  await agent.waitFor(sent, { ...workload, zone: 'eu-west-1a' }, 1_000)
  const traffic = agent.lines.filter(({ name }) => name === sent)
  expect(traffic.filter(({ labels }) => labels.zone !== 'eu-west-1a')).toEqual([])
  await conversation.close()
})

test('Prometheus may be down at the start: the agent is ready, and sends when it is up', async () => {
  const [port = 0, ownPort = 0] = await freePorts('any', 'any')
  const endpoint = `endpoint=http://127.0.0.1:${port}/api/v1/write`
  const args = options('--sink', `prometheus,${endpoint}`, '--listen', `127.0.0.1:${ownPort}`)
  await using agent = startAgent([...args, ...JSON_SINK])
  await agent.waitFor('podatlas_agent_sink_failures_total', { sink: 'prometheus' }, 'more than 0')
  const probe = get({ host: '127.0.0.1', port: ownPort, path: '/readyz' })
  const [answer]: IncomingMessage[] = await once(probe, 'response')
  expect(answer?.statusCode).toBe(200)

  const receiver = createServer((_request, response) => response.end())
  receiver.listen(port, '127.0.0.1')
  const [request]: IncomingMessage[] = await once(receiver, 'request')
  expect(request?.headers['x-prometheus-remote-write-version']).toBe('2.0.0')
  await agent.end('SIGTERM')
  receiver.close()
})

test.each([
  [
    'without the capabilities',
    ['setpriv', '--bounding-set=-bpf,-perfmon,-sys_admin'],
    /EPERM\. Run as root, or grant CAP_BPF and CAP_PERFMON/,
  ],
  [
    'on a kernel without BTF',
    ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"'],
    /this kernel has no type information .*\. Use a kernel 5\.15 or newer/,
  ],
])('%s it ends with exit code 1 and one line with the fix', async (_case, wrapper, line) => {
  const { code, stdout, stderr } = await runAgent(options(), wrapper)
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(line),
  })
  expect(stderr).toMatch(/^podatlas-agent: [^\n]*\n$/)
})

test('a port in use and a missing bytecode are one line each', async () => {
  // On a new machine nothing may be in the hierarchy of version 2, which is told as well.
  using machine = new DisposableStack()
  machine.use(testCgroup('used.service'))
  await using holder = await portHolder()
  const busy = ['--listen', `127.0.0.1:${holder.port}`]
  expect(await runAgent(options(...busy))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^podatlas-agent: listen: .*EADDRINUSE.*Set listen to a free.*\n$/,
    ),
  })
  expect(await runAgent(options('--bytecode', '/nonexistent.o'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^podatlas-agent: .*ENOENT.*Set kernel\.bytecode .*\n$/),
  })
})

async function portHolder() {
  const server = createTcpServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}
