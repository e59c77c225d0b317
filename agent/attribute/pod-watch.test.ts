import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { quietLog } from '../quiet-log.ts'
import { createTelemetry } from '../telemetry.ts'
import { fakeApiServer, type ApiRequest, type FakeApiServer } from '../test/fake-api-server.ts'
import { createPodNames } from './pod-names.ts'
import { watchPods } from './pod-watch.ts'
import { readPod, type Pod } from './pod.ts'
import { CLOCK } from './retry.ts'

// A real API server is asked by the cluster tests. Here are the answers that it gives on bad days only.

const ID = '4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493e07bb5c1d6f82e'

function setUp(
  server: FakeApiServer,
  pace = {},
  clock = CLOCK,
  limited = (log: (line: string) => void) => (_key: string, line: string) => log(line),
  returnMemory = () => {},
) {
  const names = createPodNames()
  const telemetry = createTelemetry('node-1', 'test')
  const warnings: string[] = []
  const watch = watchPods({
    server: server.address,
    nodeName: 'node-1',
    names,
    telemetry,
    warn: limited(line => warnings.push(line)),
    info: () => undefined,
    returnMemory,
    pace: { firstRetryMs: 5, longestRetryMs: 20, ...pace },
    clock,
  })
  const failures = () => {
    const values = [...telemetry.podWatchFailures.readings.values()]
    return Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]))
  }
  const podNamed = (uid: string, name: string) =>
    vi.waitFor(() => expect(names.get(uid)?.owner.pod).toBe(name), 5_000)
  return { names, warnings, failures, podNamed, [Symbol.asyncDispose]: watch[Symbol.asyncDispose] }
}

function pod(uid: string, name: string, resourceVersion = '7') {
  return {
    metadata: { uid, namespace: 'shop', name, resourceVersion, labels: { app: 'shop' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'server' }] },
    status: { containerStatuses: [{ name: 'server', containerID: `containerd://${ID}` }] },
  }
}

function known(object: object): Pod {
  const read = readPod(object)
  if (!read) throw new Error('this is no pod')
  return read
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

test('a storm of events gives its memory back before the next minute does', async () => {
  await using server = await fakeApiServer()
  const returned = vi.fn<() => void>()
  await using watch = setUp(server, {}, CLOCK, undefined, returned)
  const { response } = await watchAfterList(server)

  const large = { ...pod('u', 'web'), unread: 'x'.repeat(1_000_000) }
  for (let version = 11; version < 50; version++) response.write(event('MODIFIED', large))
  response.write(event('MODIFIED', pod('u', 'web-after')))
  await watch.podNamed('u', 'web-after')
  expect(returned).toHaveBeenCalledTimes(2)
})

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
  expect(watch.names.get('a')?.containers.get(ID)?.container).toBe('server')
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
  expect(watch.names.get('b')?.owner.pod).toBe('renamed')

  response.write(event('DELETED', pod('c', 'cart-1')) + event('ADDED', pod('d', 'last')))
  await watch.podNamed('d', 'last')
  expect(watch.names.get('c')?.owner.pod, 'kept for its last bytes').toBe('cart-1')
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
  expect(watch.failures()).toEqual({})
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
  expect(watch.failures()).toEqual({ unreachable: 1 })
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
  expect(watch.names.get('b')?.owner.pod).toBe('cart-1')
  expect(watch.failures()).toEqual({ gone: 1 })
})

test.each([
  ['no JSON', 'Bad gateway, try later\n'],
  ['JSON of another kind', '[1, 2, 3]\n'],
  ['an event without a version', event('ADDED', { metadata: { uid: 'x' } })],
  ['an event without a type', `{"object":{"metadata":{"resourceVersion":"11"}}}\n`],
  ['nothing but null', 'null\n'],
])('an answer that makes no sense (%s) is counted, and all is listed anew', async (_what, line) => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  const { response } = await watchAfterList(server)
  response.write(line)
  expect((await server.next()).query.has('watch')).toBe(false)
  expect(watch.failures()).toEqual({ bad_answer: 1 })
})

test('one strange pod in a list does not hide the others', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  await watchAfterList(server, [{}, { metadata: {} }, pod('a', 'cart-0')])
  expect(watch.names.get('a')?.owner.pod).toBe('cart-0')
  expect(watch.failures()).toEqual({ bad_pod: 2 })
})

test('a server that falls silent is left, and the names stay', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server, { listQuietMs: 100, watchQuietMs: 100 })
  await server.next() // a list that is never answered
  await watchAfterList(server, [pod('a', 'cart-0')]) // a watch without a word
  expect((await server.next()).query.get('watch')).toBe('1')
  expect(watch.names.get('a')?.owner.pod).toBe('cart-0')
  expect(watch.failures()).toEqual({ timeout: 2 })
})

test('a strange pod in a watch is counted and does not end it', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  const { response } = await watchAfterList(server)
  response.write(event('ADDED', { metadata: { uid: 'x', resourceVersion: '11' } }))
  response.write(event('ADDED', pod('a', 'cart-0', '12')))
  await watch.podNamed('a', 'cart-0')
  expect(watch.failures()).toEqual({ bad_pod: 1 })
})

test('a list that is cut off in the middle of a pod is no list: what was known stays', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  const { response } = await watchAfterList(server, [pod('a', 'cart-0')])
  response.end(event('ERROR', { code: 410 }))
  const cut = await server.next()
  const list = { metadata: { resourceVersion: '20' }, items: [pod('b', 'cart-1')] }
  cut.response.end(JSON.stringify(list).slice(0, -12))
  answerList(await server.next(), [pod('b', 'cart-1')], '20')
  expect((await server.next()).query.get('resourceVersion')).toBe('20')
  expect(watch.names.get('a')?.owner.pod).toBe('cart-0')
  expect(watch.names.get('b')?.owner.pod).toBe('cart-1')
  expect(watch.failures()).toEqual({ gone: 1, bad_answer: 1 })
})

test('a refusal names the verb and the resource that are missing, for the list and for the watch', async () => {
  await using server = await fakeApiServer()
  await using watch = setUp(server)
  refuse(await server.next(), 403)
  answerList(await server.next(), [pod('a', 'cart-0')])
  refuse(await server.next(), 403)
  expect((await server.next()).query.get('watch')).toBe('1')
  expect(watch.warnings).toEqual([
    'cannot list the pods of this node: 403 not now; grant the verb list on the resource pods to its service account',
    'cannot watch the pods of this node: 403 not now; grant the verb watch on the resource pods to its service account',
  ])
  expect(watch.failures()).toEqual({ forbidden_list_pods: 1, forbidden_watch_pods: 1 })
})

test.each([
  ['429, in seconds', 429, () => '7', 7_000, 8_750],
  ['503, as a date', 503, () => new Date(Date.now() + 60_000).toUTCString(), 58_000, 75_000],
  ['429, too long', 429, () => '86400', 300_000, 375_000],
  ['429, without sense', 429, () => 'soon', 0, 30],
])('a server that asks for time gets it (%s)', async (_how, status, after, leastMs, mostMs) => {
  await using server = await fakeApiServer()
  const slept: number[] = []
  const clock = { ...CLOCK, sleep: (ms: number) => Promise.resolve(void slept.push(ms)) }
  await using watch = setUp(server, {}, clock)
  refuse(await server.next(), status, { 'retry-after': after() })
  await server.next()
  expect(slept).toHaveLength(1)
  expect(slept[0]).toBeGreaterThanOrEqual(leastMs)
  expect(slept[0]).toBeLessThanOrEqual(mostMs)
  expect(watch.failures()).toEqual({ [`status_${status}`]: 1 })
})

test('an API server that is away for an hour costs 200 attempts and a line a minute, and no name', async () => {
  await using server = await fakeApiServer()
  await server.goAway()
  let nowMs = 0
  const hourIsOver = Promise.withResolvers<void>()
  const clock = {
    nowMs: () => nowMs,
    sleep: async (ms: number, signal: AbortSignal) => {
      nowMs += ms
      if (nowMs < 3_600_000) return
      hourIsOver.resolve()
      await CLOCK.sleep(5, signal)
    },
  }
  const quiet = (log: (line: string) => void) => quietLog(log, clock.nowMs)
  await using watch = setUp(server, { firstRetryMs: 500, longestRetryMs: 30_000 }, clock, quiet)
  watch.names.replaceAll([known(pod('a', 'cart-0'))], 0)
  await hourIsOver.promise
  expect(watch.failures().unreachable).toBeGreaterThan(100)
  expect(watch.failures().unreachable).toBeLessThan(200)
  expect(watch.warnings.length).toBeGreaterThan(30)
  expect(watch.warnings.length).toBeLessThanOrEqual(61)
  expect(watch.names.get('a')?.owner.pod).toBe('cart-0')

  await server.comeBack()
  answerList(await server.next(), [pod('b', 'cart-1')])
  await watch.podNamed('b', 'cart-1')
})

test('an API server that is away at the start or later is waited for', async () => {
  await using server = await fakeApiServer()
  await server.goAway()
  await using watch = setUp(server)
  await vi.waitFor(() => expect(watch.failures().unreachable).toBeGreaterThan(1))
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
  await vi.waitFor(() => expect(watch.failures().unreachable).toBeGreaterThan(0))
  expect(watch.warnings[0]).toMatch(/self-signed certificate/)
})

test('without a token file the failure names the settings, and the file is waited for', async () => {
  await using server = await fakeApiServer()
  const address = { ...server.address, tokenFile: `${server.address.tokenFile}-missing` }
  await using watch = setUp({ ...server, address })
  await vi.waitFor(() => expect(watch.failures().credentials).toBeGreaterThan(1))
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
