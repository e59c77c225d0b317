import { expect, test, vi } from 'vitest'
import { createTelemetry } from '../telemetry.ts'
import { fakeApiServer, type ApiRequest, type FakeApiServer } from '../test/fake-api-server.ts'
import { watchZone } from './zone.ts'

function setUp(server: FakeApiServer, pace = {}) {
  const telemetry = createTelemetry('node-1', 'test')
  const warnings: string[] = []
  const zone = watchZone({
    server: server.address,
    nodeName: 'node-1.example',
    telemetry,
    warn: (_key, line) => warnings.push(line),
    pace: { firstRetryMs: 5, longestRetryMs: 20, unlabelledMs: 5, againMs: 5, ...pace },
  })
  const failures = () =>
    [...telemetry.zoneFailures.readings.values()].map(({ labels, value }) => [labels.reason, value])
  return { ...zone, warnings, failures }
}

function answer({ response }: ApiRequest, labels?: object): void {
  response.end(JSON.stringify({ kind: 'PartialObjectMetadata', metadata: { labels } }))
}

const ZONE = { 'topology.kubernetes.io/zone': 'eu-west-1a' }

test('the own node is asked for its labels, and for nothing else', async () => {
  await using server = await fakeApiServer()
  await using zone = setUp(server, { againMs: 60_000 })
  const request = await server.next()
  expect(request.path).toBe('/api/v1/nodes/node-1.example')
  expect([...request.query]).toEqual([])
  expect(zone.current()).toBeUndefined()
  answer(request, ZONE)
  await zone.answered
  expect(zone.current()).toBe('eu-west-1a')
  expect(zone.failures()).toEqual([])
})

test('a node that is labelled after it joined has its zone then, of old clusters too', async () => {
  await using server = await fakeApiServer()
  await using zone = setUp(server)
  answer(await server.next())
  await zone.answered
  expect(zone.current()).toBeUndefined()
  answer(await server.next(), { 'failure-domain.beta.kubernetes.io/zone': 'b' })
  await vi.waitFor(() => expect(zone.current()).toBe('b'))
  answer(await server.next(), ZONE)
  await vi.waitFor(() => expect(zone.current()).toBe('eu-west-1a'))
})

test('a refusal names the verb and the resource that are missing, and what was known stays', async () => {
  await using server = await fakeApiServer()
  await using zone = setUp(server)
  answer(await server.next(), ZONE)
  const { response } = await server.next()
  response.writeHead(403).end(JSON.stringify({ kind: 'Status', message: 'no' }))
  await server.next()
  expect(zone.current()).toBe('eu-west-1a')
  expect(zone.warnings).toEqual([
    'cannot get node node-1.example for its zone: 403 no; grant the verb get on the resource nodes to its service account',
  ])
  expect(zone.failures()).toEqual([['forbidden_get_nodes', 1]])
})

test.each([
  ['half an object', '{"metadata":{"labels'],
  ['another kind', '["node"]'],
  ['no metadata', '{}'],
])('an answer that makes no sense (%s) is counted and asked for again', async (_what, text) => {
  await using server = await fakeApiServer()
  await using zone = setUp(server)
  const { response } = await server.next()
  response.end(text)
  await zone.answered
  answer(await server.next(), ZONE)
  await vi.waitFor(() => expect(zone.current()).toBe('eu-west-1a'))
  expect(zone.failures()).toEqual([['bad_answer', 1]])
})

test('while the API server is away there is an answer soon, and the zone later', async () => {
  await using server = await fakeApiServer()
  await server.goAway()
  await using zone = setUp(server)
  await zone.answered
  expect(zone.current()).toBeUndefined()
  await server.comeBack()
  answer(await server.next(), ZONE)
  await vi.waitFor(() => expect(zone.current()).toBe('eu-west-1a'))
})

test('it ends at once when it is told to, in a request and in a pause', async () => {
  await using server = await fakeApiServer()
  const asking = setUp(server)
  await server.next()
  await asking[Symbol.asyncDispose]()
  const pausing = setUp(server, { againMs: 3_600_000 })
  answer(await server.next(), ZONE)
  await pausing.answered
  await pausing[Symbol.asyncDispose]()
})
