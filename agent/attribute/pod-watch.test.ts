import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { createTelemetry } from '../telemetry.ts'
import { fakeApiServer, type ApiRequest, type FakeApiServer } from '../test/fake-api-server.ts'
import { createPodNames } from './pod-names.ts'
import { watchPods } from './pod-watch.ts'

// A real API server is asked by the cluster tests. Here are the answers that it gives on bad days only.

const ID = '4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493e07bb5c1d6f82e'

function setUp(server: FakeApiServer, pace = {}) {
  const names = createPodNames()
  const telemetry = createTelemetry('node-1', 'test')
  const warnings: string[] = []
  const watch = watchPods({
    server: server.address,
    nodeName: 'node-1',
    names,
    telemetry,
    warn: (_key, line) => warnings.push(line),
    info: () => undefined,
    pace: { firstRetryMs: 5, longestRetryMs: 20, ...pace },
  })
  const failures = () => {
    const values = [...telemetry.podWatchFailures.readings.values()]
    return Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]))
  }
  const podNamed = (uid: string, name: string) =>
    vi.waitFor(() => expect(names.get(uid)?.pod).toBe(name), 5_000)
  return { names, warnings, failures, podNamed, [Symbol.asyncDispose]: watch[Symbol.asyncDispose] }
}

function pod(uid: string, name: string, resourceVersion = '7') {
  return {
    metadata: { uid, namespace: 'shop', name, resourceVersion, labels: { app: 'shop' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'server' }] },
    status: { containerStatuses: [{ name: 'server', containerID: `containerd://${ID}` }] },
  }
}

const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`

function answerList({ response }: ApiRequest, items: unknown[], resourceVersion = '10'): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ kind: 'PodList', metadata: { resourceVersion }, items }))
}

function refuse({ response }: ApiRequest, status: number, headers = {}): void {
  response.writeHead(status, headers).end(JSON.stringify({ kind: 'Status', message: 'not now' }))
}

/** Answers the list and returns the watch that follows, with its headers sent. */
async function watchAfterList(server: FakeApiServer, items: unknown[] = []): Promise<ApiRequest> {
  answerList(await server.next(), items)
  const watching = await server.next()
  watching.response.writeHead(200).flushHeaders()
  return watching
}

test('one list from memory, then one watch from there on, both of this node only', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)

  const list = await server.next()
  expect(list.path).toBe('/api/v1/pods')
  expect(list.authorization).toBe('Bearer first-token')
  expect(Object.fromEntries(list.query)).toEqual({
    fieldSelector: 'spec.nodeName=node-1',
    resourceVersion: '0',
  })
  answerList(list, [pod('a', 'cart-0')], '10')

  const watching = await server.next()
  expect(Object.fromEntries(watching.query)).toMatchObject({
    fieldSelector: 'spec.nodeName=node-1',
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: '10',
  })
  expect(watch.names.get('a')?.containers.get(ID)).toBe('server')
})

test('pods that come, change and go are followed, however the stream is cut into pieces', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  const { response } = await watchAfterList(server)

  const added = event('ADDED', pod('b', 'checkout-ä-1'))
  for (const byte of Buffer.from(added)) response.write(Buffer.of(byte))
  await watch.podNamed('b', 'checkout-ä-1')

  response.write(event('MODIFIED', pod('b', 'renamed')) + event('ADDED', pod('c', 'cart-1')))
  await watch.podNamed('c', 'cart-1')
  expect(watch.names.get('b')?.pod).toBe('renamed')

  response.write(event('DELETED', pod('c', 'cart-1')) + event('ADDED', pod('d', 'last')))
  await watch.podNamed('d', 'last')
  expect(watch.names.get('c')?.pod, 'kept for its last bytes').toBe('cart-1')
})

test('a watch that ends goes on where it was, without a list, with the token as it is then', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  const first = await watchAfterList(server)
  server.setToken('second-token')
  first.response.write(event('ADDED', pod('a', 'cart-0', '11')))
  first.response.end(event('BOOKMARK', { kind: 'Pod', metadata: { resourceVersion: '42' } }))

  const second = await server.next()
  expect(second.query.get('watch')).toBe('1')
  expect(second.query.get('resourceVersion')).toBe('42')
  expect(second.authorization).toBe('Bearer second-token')
  expect(await watch.failures()).toEqual({})
})

test('a connection that breaks inside a line costs nothing: the watch goes on before that line', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  const first = await watchAfterList(server)
  first.response.write(event('ADDED', pod('a', 'cart-0', '11')))
  first.response.write(event('ADDED', pod('b', 'cart-1', '12')).slice(0, 40))
  await watch.podNamed('a', 'cart-0')
  first.response.destroy()

  const second = await server.next()
  expect(second.query.get('resourceVersion')).toBe('11')
  second.response.write(event('ADDED', pod('b', 'cart-1', '12')))
  await watch.podNamed('b', 'cart-1')
  expect(await watch.failures()).toEqual({ unreachable: 1 })
})

test.each([
  ['as an answer', (watching: ApiRequest) => refuse(watching, 410)],
  [
    'as an event',
    ({ response }: ApiRequest) =>
      response.end(event('ERROR', { kind: 'Status', code: 410, message: 'too old' })),
  ],
])('a version that is gone, %s, leads to a new list', async (_how, sayGone) => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  answerList(await server.next(), [pod('a', 'cart-0')])
  sayGone(await server.next())

  const list = await server.next()
  expect(list.query.has('watch')).toBe(false)
  answerList(list, [pod('b', 'cart-1')], '99')
  expect((await server.next()).query.get('resourceVersion')).toBe('99')
  expect(watch.names.get('b')?.pod).toBe('cart-1')
  expect(await watch.failures()).toEqual({ gone: 1 })
})

test.each([
  ['no JSON', 'Bad gateway, try later\n'],
  ['JSON of another kind', '[1, 2, 3]\n'],
  ['a pod without a name', event('ADDED', { metadata: { uid: 'x' } })],
  ['nothing but null', 'null\n'],
])('an answer that makes no sense (%s) is counted, and all is listed anew', async (_what, line) => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  const { response } = await watchAfterList(server)
  response.write(line)
  expect((await server.next()).query.has('watch')).toBe(false)
  expect(await watch.failures()).toEqual({ bad_answer: 1 })
})

test('one strange pod in a list does not hide the others', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  await watchAfterList(server, [null, { metadata: {} }, pod('a', 'cart-0')])
  expect(watch.names.get('a')?.pod).toBe('cart-0')
  expect(await watch.failures()).toEqual({ bad_pod: 2 })
})

test('a server that falls silent is left, and the names stay', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server, { listQuietMs: 100, watchQuietMs: 100 })
  await server.next() // a list that is never answered
  await watchAfterList(server, [pod('a', 'cart-0')]) // a watch without a word
  expect((await server.next()).query.get('watch')).toBe('1')
  expect(watch.names.get('a')?.pod).toBe('cart-0')
  expect(await watch.failures()).toEqual({ timeout: 2 })
})

test('a refusal is told with the server’s words and the fix, and asked again', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  refuse(await server.next(), 403)
  answerList(await server.next(), [pod('a', 'cart-0')])
  await watch.podNamed('a', 'cart-0')
  expect(watch.warnings).toEqual([
    'cannot watch the pods of this node: 403 not now; allow its service account to list and watch pods',
  ])
  expect(await watch.failures()).toEqual({ status_403: 1 })
})

test('a server that asks for time gets it', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  refuse(await server.next(), 429, { 'retry-after': '1' })
  const refusedMs = performance.now()
  await server.next()
  expect(performance.now() - refusedMs).toBeGreaterThan(990)
  expect(await watch.failures()).toEqual({ status_429: 1 })
})

test('an API server that is away at the start or later is waited for', async () => {
  await using server = await fakeApiServer()
  await server.goAway()
  await using watch = setUp(server)
  await vi.waitFor(async () => expect((await watch.failures()).unreachable).toBeGreaterThan(1))
  expect(watch.warnings[0]).toMatch(/ECONNREFUSED.*names follow when it answers/)

  await server.comeBack()
  await watchAfterList(server, [pod('a', 'cart-0')])
  await watch.podNamed('a', 'cart-0')
  await server.goAway()
  await server.comeBack()
  const { query, response } = await server.next()
  expect(query.get('resourceVersion')).toBe('10')
  response.write(event('ADDED', pod('b', 'cart-1')))
  await watch.podNamed('b', 'cart-1')
})

test('a server with a foreign certificate gets no token', async () => {
  await using trusted = await fakeApiServer()
  await using foreign = await fakeApiServer()
  const address = { ...foreign.address, caFile: trusted.address.caFile }
  await using watch = setUp({ ...foreign, address })
  await vi.waitFor(async () => expect((await watch.failures()).unreachable).toBeGreaterThan(0))
  expect(watch.warnings[0]).toMatch(/self-signed certificate/)
})

test('without a token file the failure names the settings, and the file is waited for', async () => {
  await using server = await fakeApiServer()
  const address = { ...server.address, tokenFile: `${server.address.tokenFile}-missing` }
  await using watch = setUp({ ...server, address })
  await vi.waitFor(async () => expect((await watch.failures()).credentials).toBeGreaterThan(1))
  expect(watch.warnings[0]).toMatch(/ENOENT.*kubernetes\.tokenFile/)
})

test('it ends at once when it is told to, in a watch and in a pause', async () => {
  await using server = await fakeApiServer()
  const watch = setUp(server, { firstRetryMs: 60_000, longestRetryMs: 60_000 })
  await watchAfterList(server)
  await watch[Symbol.asyncDispose]()

  const pausing = setUp(server, { firstRetryMs: 60_000, longestRetryMs: 60_000 })
  refuse(await server.next(), 500)
  await sleep(50)
  await pausing[Symbol.asyncDispose]()
})
