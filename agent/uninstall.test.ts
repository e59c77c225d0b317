import { expect, test } from 'vitest'
import { fakeApiServer, type ApiRequest, type FakeApiServer } from './test/fake-api-server.ts'
import { watchUninstall } from './uninstall.ts'

// A real Helm uninstalls in the cluster tests. Here are the answers that an API server may give around it.

const present = { metadata: { name: 'podatlas-agent' } }
const leaving = { metadata: { deletionTimestamp: '2026-11-23T10:00:00Z' } }

function setUp(server: FakeApiServer) {
  const warnings: string[] = []
  const seen = Promise.withResolvers<string>()
  const daemonSet = 'observability/podatlas-agent'
  const warn = (_key: string, line: string) => warnings.push(line)
  const log = { warn, debug: seen.resolve }
  const pace = { firstRetryMs: 5, longestRetryMs: 5 }
  const uninstall = watchUninstall({ server: server.address, daemonSet, ...log, pace })
  return { warnings, uninstall, seen: seen.promise }
}

async function answer({ response }: ApiRequest, status: number, body: object): Promise<void> {
  await new Promise<void>(resolve => response.writeHead(status).end(JSON.stringify(body), resolve))
}

/** An agent that was allowed to see its DaemonSet and is told to end. */
async function ending(server: FakeApiServer) {
  const { uninstall, seen } = setUp(server)
  await answer(await server.next(), 200, present)
  await seen
  const asked = uninstall.isUnderWay()
  return { request: await server.next(), asked }
}

test.each([
  ['is gone', 404, {}],
  ['and its rights are gone', 403, {}],
  ['and its account are gone', 401, {}],
  ['is about to go', 200, leaving],
])('an uninstallation is told: the DaemonSet %s', async (_, status, body) => {
  await using server = await fakeApiServer()
  const { request, asked } = await ending(server)
  expect(request.path).toBe('/apis/apps/v1/namespaces/observability/daemonsets/podatlas-agent')
  await answer(request, status, body)
  expect(await asked).toBe(true)
})

test.each([
  ['the DaemonSet is there', 200, present],
  ['the API server fails', 500, {}],
  ['the answer is nonsense', 200, []],
])('a restart keeps the pins: %s', async (_, status, body) => {
  await using server = await fakeApiServer()
  const { request, asked } = await ending(server)
  await answer(request, status, body)
  expect(await asked).toBe(false)
})

test('an API server that is away or silent keeps the pins', async () => {
  await using server = await fakeApiServer()
  const { asked } = await ending(server)
  expect(await asked).toBe(false)
})

test('an API server that is silent at first is asked once more', async () => {
  await using server = await fakeApiServer()
  const { asked } = await ending(server)
  await answer(await server.next(), 404, {})
  expect(await asked).toBe(true)
})

test('who never was allowed to see the DaemonSet keeps the pins, and says so', async () => {
  await using server = await fakeApiServer()
  const { uninstall, warnings } = setUp(server)
  await answer(await server.next(), 403, { message: 'not allowed' })
  await answer(await server.next(), 403, { message: 'not allowed' })
  expect(await uninstall.isUnderWay()).toBe(false)
  expect(warnings[0]).toBe(
    'cannot see DaemonSet observability/podatlas-agent: 403 not allowed; an uninstallation would leave its pins and spools on this node',
  )
})

test('an API server that comes late is asked again', async () => {
  await using server = await fakeApiServer()
  const { uninstall, seen } = setUp(server)
  await answer(await server.next(), 500, {})
  await answer(await server.next(), 200, present)
  await seen
  const asked = uninstall.isUnderWay()
  await answer(await server.next(), 404, {})
  expect(await asked).toBe(true)
})
