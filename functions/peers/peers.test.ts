import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startUpstream, vector } from '../program/test/upstream.ts'
import { readConfig } from './config.ts'
import { startPeers } from './peers.ts'
import { refuse, startFakeApiServer } from './test/fake-api-server.ts'
import type { FakeApiServer } from './test/fake-api-server.ts'
import { deployed, node, pod, service, slice } from './test/objects.ts'

test('it lists in pages, then watches, and hears of whatever comes and goes', async () => {
  await using api = await startFakeApiServer()
  const pods = Array.from({ length: 7 }, (_, index) => pod(`p${index}`, [`10.244.0.${index}`]))
  api.put('pods', ...pods)
  await using peers = start(api, { pageSize: 3 })
  await peers.ready()
  expect(await peers.names()).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6'])
  const lists = api.asked.filter(({ resource, verb }) => resource === 'pods' && verb === 'list')
  expect(lists.map(({ query }) => query.get('continue'))).toEqual([null, '3', '6'])
  const watch = api.asked.find(({ resource, verb }) => resource === 'pods' && verb === 'watch')
  expect(watch?.query.get('resourceVersion')).toBe('1007')
  expect(watch?.query.get('allowWatchBookmarks')).toBe('true')

  api.put('pods', pod('late', ['10.244.1.1']))
  api.remove('pods', pods[0] ?? pod('p0', []))
  await vi.waitFor(async () =>
    expect(await peers.names()).toEqual(['late', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']),
  )
})

test('it is ready when all four kinds were listed, and says before what is missing', async () => {
  await using api = await startFakeApiServer()
  api.intercept(({ resource }, response) => {
    if (resource !== 'endpointslices') return false
    refuse(response, 403, 'endpointslices is forbidden: no')
    return true
  })
  await using peers = start(api)
  const { status, text } = await vi.waitFor(async () => {
    const answer = await peers.get('/readyz')
    expect(answer.text).toContain('cannot list endpointslices: 403 endpointslices is forbidden: no')
    return answer
  })
  expect([status, text.split('\n')[0]]).toEqual([503, 'not yet listed: endpointslices'])
  expect((await peers.get('/peers/10.0.0.1')).status).toBe(503)
  expect((await peers.get('/healthz')).status).toBe(200)
  api.intercept(undefined)
  await peers.ready()
})

test('a right that is missing is named by verb and resource, in one line and one metric', async () => {
  await using api = await startFakeApiServer()
  api.intercept(({ resource, verb }, response) => {
    if (resource !== 'endpointslices' || verb !== 'watch') return false
    refuse(response, 403, 'endpointslices.discovery.k8s.io is forbidden')
    return true
  })
  await using peers = start(api)
  const metric =
    /watch_failures_total\{resource="endpointslices",verb="watch",reason="status_403"\} [3-9]/
  await vi.waitFor(async () => expect((await peers.get('/metrics')).text).toMatch(metric), 5_000)
  expect(peers.log.filter(line => line.includes('cannot'))).toEqual([
    'cannot watch endpointslices: 403 endpointslices.discovery.k8s.io is forbidden; allow the service account to watch endpointslices of discovery.k8s.io in the whole cluster',
  ])
})

test('an API server that is away costs one line, what was known stays, and it catches up', async () => {
  await using api = await startFakeApiServer()
  api.put('pods', pod('a', ['10.244.0.1']))
  await using peers = start(api)
  await peers.ready()
  await api.goAway()
  const isFailing =
    /watch_failures_total\{resource="pods",verb="watch",reason="unreachable"\} [4-9]/
  await vi.waitFor(async () => expect((await peers.get('/metrics')).text).toMatch(isFailing), 5_000)
  expect(await peers.names()).toEqual(['a'])
  expect((await peers.get('/readyz')).text).toMatch(/^ok\ncannot watch \w+: connect ECONNREFUSED/)
  await api.comeBack()
  api.put('pods', pod('b', ['10.244.0.2']))
  api.compact()
  await vi.waitFor(async () => expect(await peers.names()).toEqual(['a', 'b']), 5_000)
  await vi.waitFor(async () => expect((await peers.get('/readyz')).text).toBe('ok\n'), 5_000)
  const lines = peers.log.filter(line => /cannot|works again/.test(line))
  expect(lines).toEqual([
    expect.stringMatching(/^cannot watch \w+: .+; what was known stays until it answers$/),
    'API server, unreachable: works again',
  ])
})

test('the age of what is known stands in a metric', async () => {
  await using api = await startFakeApiServer()
  await using peers = start(api)
  await peers.ready()
  const contact = async () =>
    Number(/last_contact_timestamp_seconds\{resource="pods"\} (\S+)/.exec(await metrics())?.[1])
  const metrics = async () => (await peers.get('/metrics')).text
  const before = await contact()
  await vi.waitFor(() => expect(watches(api, 'pods')).toBe(1))
  const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '4000' } } }
  api.send('pods', `${JSON.stringify(bookmark)}\n`)
  await vi.waitFor(async () => expect(await contact()).toBeGreaterThan(before))
  api.endWatches()
  await vi.waitFor(() => expect(watches(api, 'pods')).toBe(2))
  expect(api.asked.at(-1)?.query.get('resourceVersion')).toBeDefined()
  const versions = api.asked
    .filter(({ resource, verb }) => resource === 'pods' && verb === 'watch')
    .map(({ query }) => query.get('resourceVersion'))
  expect(versions).toEqual(['1000', '4000'])
})

test('a version that is too old leads to a new list, from which what has gone is missing', async () => {
  await using api = await startFakeApiServer()
  api.put('pods', pod('a', ['10.244.0.1']), pod('b', ['10.244.0.2']))
  await using peers = start(api)
  await peers.ready()
  await vi.waitFor(() => expect(watches(api, 'pods')).toBe(1))
  api.intercept(({ verb }) => verb === 'watch')
  api.endWatches()
  await vi.waitFor(() => expect(watches(api, 'pods')).toBe(2))
  api.remove('pods', pod('a', []))
  api.compact()
  api.intercept(undefined)
  api.drop()
  await vi.waitFor(async () => expect(await peers.names()).toEqual(['b']), 5_000)
  expect((await peers.get('/metrics')).text).toContain(
    'watch_failures_total{resource="pods",verb="watch",reason="gone"} 1',
  )
})

test.each([
  ['half an object', '{"type":"ADDED","object":{"metadata":\n'],
  ['a line that is no event', '[1]\n'],
  ['an event of no known type', '{"type":"EXPLODED","object":{}}\n'],
])('%s in a watch is counted, and a new list makes good for it', async (_, text) => {
  await using api = await startFakeApiServer()
  await using peers = start(api)
  await peers.ready()
  await vi.waitFor(() => expect(watches(api, 'pods')).toBe(1))
  api.send('pods', text)
  await vi.waitFor(() => expect(watches(api, 'pods')).toBe(2), 5_000)
  expect(
    api.asked.filter(({ resource, verb }) => resource === 'pods' && verb === 'list'),
  ).toHaveLength(2)
  expect((await peers.get('/metrics')).text).toContain('verb="watch",reason="bad_answer"} 1')
})

test('a page that is cut, or is no list, is asked for again and nothing of it is believed gone', async () => {
  await using api = await startFakeApiServer()
  api.put('pods', ...['a', 'b', 'c'].map((name, index) => pod(name, [`10.244.0.${index}`])))
  await using peers = start(api, { pageSize: 2 })
  await peers.ready()
  const answers = ['{"items": [{"metada', '<html>Log in</html>', '{"items": []}']
  api.intercept(({ resource, verb, query }, response) => {
    if (resource !== 'pods' || verb !== 'list' || !query.has('continue')) return false
    const answer = answers.pop()
    if (answer !== undefined) response.end(answer)
    return answer !== undefined
  })
  await vi.waitFor(() => expect(watches(api, 'pods')).toBe(1))
  api.send('pods', '{"type":"ERROR","object":{"code":410,"message":"too old"}}\n')
  await vi.waitFor(() => expect(watches(api, 'pods')).toBe(2), 10_000)
  expect(answers).toEqual([])
  expect(await peers.names()).toEqual(['a', 'b', 'c'])
  expect((await peers.get('/metrics')).text).toContain('verb="list",reason="bad_answer"} 3')
})

test('a server that says how long to wait is obeyed', async () => {
  await using api = await startFakeApiServer()
  const refusedMs: number[] = []
  api.intercept(({ resource }, response) => {
    if (resource !== 'nodes') return false
    refusedMs.push(performance.now())
    if (refusedMs.length > 1) return false
    response.setHeader('retry-after', '1')
    refuse(response, 429, 'too many requests')
    return true
  })
  await using peers = start(api)
  await peers.ready()
  const [first = 0, second = 0] = refusedMs
  expect(second - first).toBeGreaterThanOrEqual(1_000)
  expect((await peers.get('/metrics')).text).toContain('verb="list",reason="status_429"} 1')
})

test('a watch that falls silent is given up and begun anew', async () => {
  await using api = await startFakeApiServer()
  await using peers = start(api, { watchQuietMs: 200 })
  await peers.ready()
  await vi.waitFor(() => expect(watches(api, 'services')).toBeGreaterThanOrEqual(2), 5_000)
  expect((await peers.get('/metrics')).text).toMatch(/verb="watch",reason="timeout"\} [1-9]/)
})

test('objects of every strange kind are counted and the rest lives', async () => {
  await using api = await startFakeApiServer()
  const items = [null, 7, 'pod', {}, { metadata: { name: 'x' } }, pod('good', ['10.244.0.1'])]
  api.intercept(({ resource, verb }, response) => {
    if (resource !== 'pods' || verb !== 'list') return false
    response.end(JSON.stringify({ metadata: { resourceVersion: '7' }, items }))
    return true
  })
  await using peers = start(api)
  await peers.ready()
  expect(await peers.names()).toEqual(['good'])
  const { text } = await peers.get('/metrics')
  expect(text).toContain('podatlas_peers_bad_objects_total{resource="pods",reason="no_name"} 4')
  expect(text).toContain('podatlas_peers_bad_objects_total{resource="pods",reason="no_status"} 1')
})

test('room that becomes free is used for what was left out', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] })
  try {
    await using api = await startFakeApiServer()
    const pods = Array.from({ length: 12 }, (_, index) => pod(`p${index}`, [`10.244.0.${index}`]))
    api.put('pods', ...pods)
    await using peers = start(api, {}, ['--max-peers=10'])
    await peers.ready()
    expect(await peers.names()).toHaveLength(10)
    expect((await peers.get('/metrics')).text).toContain(
      'podatlas_peers_left_out_total{kind="pod",reason="max_peers"} 2',
    )
    await vi.waitFor(() => expect(watches(api, 'pods')).toBe(1))
    for (const one of pods.slice(0, 4)) api.remove('pods', one)
    await vi.waitFor(async () => expect(await peers.names()).toHaveLength(6))
    vi.advanceTimersByTime(10_000)
    await vi.waitFor(async () => expect(await peers.names()).toHaveLength(8))
  } finally {
    vi.useRealTimers()
  }
})

test('a service tells what stands behind it', async () => {
  await using api = await startFakeApiServer()
  api.put('nodes', node('node-1', ['192.168.0.1']))
  api.put('services', service('web', ['10.96.0.7']))
  api.put('pods', deployed('web', 'a', ['10.244.0.1']))
  api.put('endpointslices', slice('web', [{ address: '10.244.0.1', ready: true, pod: 'web-a' }]))
  await using peers = start(api)
  await peers.ready()
  expect(JSON.parse((await peers.get('/peers/10.96.0.7')).text)).toEqual({
    address: '10.96.0.7',
    kind: 'service',
    namespace: 'shop',
    name: 'web',
    endpoints: [
      {
        address: '10.244.0.1',
        kind: 'pod',
        namespace: 'shop',
        name: 'web-7d9c5b6f84-a',
        workload: 'web',
        workloadKind: 'Deployment',
        node: 'node-1',
        zone: 'eu-1a',
        ready: true,
      },
    ],
  })
})

test('a Prometheus that wants credentials gets them from files as they are now', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'peers-credentials-'))
  const [password, tenant] = [join(folder.path, 'password'), join(folder.path, 'tenant')]
  writeFileSync(password, 'old\n')
  writeFileSync(tenant, 'team\n')
  const wanted = `Basic ${Buffer.from('reader:new').toString('base64')}`
  await using prometheus = await startUpstream((request, response) => {
    const { authorization, 'x-scope-orgid': scope } = request.headers
    if (authorization !== wanted || scope !== 'team') return response.writeHead(401).end()
    return response.end(vector([{ labels: { destination_ip: '203.0.113.9' }, value: 1 }]))
  })
  await using api = await startFakeApiServer()
  const access = ['--username', 'reader', '--password-file', password]
  const header = ['--header-file', `X-Scope-OrgID=${tenant}`]
  await using peers = start(api, {}, ['-p', prometheus.url, '--interval=1s', ...access, ...header])
  const metrics = async () => (await peers.get('/metrics')).text
  await vi.waitFor(
    async () => expect(await metrics()).toMatch(/failures_total\{reason="unauthorized"\} [1-9]/),
    10_000,
  )
  writeFileSync(password, 'new\n')
  await vi.waitFor(
    async () => expect(await metrics()).toContain('destination_ip="203.0.113.9"'),
    10_000,
  )
  expect(peers.log.join('\n')).not.toMatch(/old|new/)
})

function watches(api: FakeApiServer, wanted: string): number {
  return api.asked.filter(({ resource, verb }) => resource === wanted && verb === 'watch').length
}

function start(
  api: FakeApiServer,
  pace: Parameters<typeof startPeers>[2] = {},
  flags: readonly string[] = [],
) {
  const log: string[] = []
  const config = readConfig(['--api-server', api.url, ...flags], {})
  if ('help' in config) throw new Error('help was not asked for')
  const quick = { firstRetryMs: 10, longestRetryMs: 100, ...pace }
  const peers = startPeers(config, line => log.push(line), quick)
  const get = async (path: string) => {
    const response = await peers.app.request(path)
    return { status: response.status, text: await response.text() }
  }
  return {
    log,
    get,
    ready: () => vi.waitFor(async () => expect((await get('/readyz')).status).toBe(200), 10_000),
    /** Of all pods with a series. */
    names: async () => {
      const { text } = await get('/metrics')
      return [...text.matchAll(/^podatlas_peer_info\{.*peer_name="([^"]*)".*peer_kind="pod"/gm)]
        .map(match => match[1] ?? '')
        .toSorted((a, b) => a.localeCompare(b))
    },
    [Symbol.asyncDispose]: peers[Symbol.asyncDispose],
  }
}
