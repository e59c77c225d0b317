import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startUpstream, vector } from '../program/test/upstream.ts'
import { readConfig } from './config.ts'
import { startGeoip } from './geoip.ts'
import { cities, writeMmdb } from './test/mmdb.ts'

type Answer = { readonly status?: number; readonly body: string }

const stack = new AsyncDisposableStack()
let database = ''

beforeAll(() => {
  const folder = stack.use(mkdtempDisposableSync(join(tmpdir(), 'geoip-bad-answers-')))
  database = join(folder.path, 'places.mmdb')
  writeMmdb(database, cities)
})

afterAll(() => stack.disposeAsync())

const good = vector([sample('192.0.2.1', 'checkout-0', 7)])
const data = (resultType: string, result: unknown) =>
  JSON.stringify({ status: 'success', data: { resultType, result } })

test.concurrent.each<[string, Answer, string, string]>([
  [
    'a query without the address label',
    { body: vector([{ labels: { k8s_namespace: 'shop', k8s_pod: 'a' }, value: 1 }]) },
    'no_address',
    "the query's result has no label destination_ip (it has: k8s_namespace, k8s_pod); name the address label by -i",
  ],
  [
    'a query without any label',
    { body: vector([{ labels: {}, value: 1 }]) },
    'no_address',
    "the query's result has no label destination_ip (it has: none); name the address label by -i",
  ],
  [
    'a query that yields a scalar',
    { body: data('scalar', [1, '2']) },
    'no_vector',
    'yields a scalar; use one that yields an instant vector',
  ],
  [
    'a query that yields a string',
    { body: data('string', [1, 'a']) },
    'no_vector',
    'yields a string; use one that yields an instant vector',
  ],
  [
    'a query that yields a range',
    { body: data('matrix', [{ metric: { destination_ip: '192.0.2.1' }, values: [[1, '2']] }]) },
    'no_vector',
    'yields a matrix; use one that yields an instant vector',
  ],
  [
    'a query that Prometheus refuses',
    { status: 400, body: '{"status":"error","errorType":"bad_data","error":"parse error: x"}' },
    'refused',
    'parse error: x',
  ],
  ['an answer that is cut', { body: good.slice(0, -8) }, 'cut', 'is cut off after'],
  ['a login page', { body: '<html>Log in</html>' }, 'not_prometheus', 'is not Prometheus'],
  ['a gateway without a server', { status: 502, body: 'Bad Gateway' }, 'http', 'HTTP status 502'],
])('%s is one line and one metric, no dot, and the next good answer mends it', async (...row) => {
  const [, bad, reason, said] = row
  await using geoip = await start(bad)
  const failed = await geoip.until(text => failures(text, reason) >= 2)
  expect(failed).not.toMatch(/^(geo_ip|podatlas_geo_info)\{/m)
  expect(geoip.log.filter(line => line.includes(said))).toHaveLength(1)
  expect((await geoip.get('/readyz')).text).toContain(said)
  expect((await geoip.get('/healthz')).status).toBe(200)

  geoip.answer({ body: good })
  const mended = await geoip.until(text => text.includes('geo_ip{'))
  expect(linesOf(mended, 'geo_ip')).toEqual([
    expect.stringMatching(/^geo_ip\{.*city="Berlin".*\} 7$/),
  ])
  expect(geoip.log.at(-1)).toBe('Prometheus: works again')

  // What is known stays through the next bad answer.
  geoip.answer(bad)
  const again = await geoip.until(text => failures(text, reason) > failures(mended, reason))
  expect(linesOf(again, 'geo_ip')).toEqual(linesOf(mended, 'geo_ip'))
})

test('an address that is none makes no dot, and says so in a metric', async () => {
  const none = ['nonsense', '192.0.2', '192.0.2.256', '2001:db8::1::', '', '192.0.2.1:443']
  const body = vector([...none, '192.0.2.1'].map(address => sample(address, 'a', 1)))
  await using geoip = await start({ body })
  const text = await geoip.until(each => each.includes('geo_ip{'))
  expect(linesOf(text, 'geo_ip')).toEqual([expect.stringContaining('ip="192.0.2.1"')])
  expect(linesOf(text, 'podatlas_geo_info')).toHaveLength(1)
  expect(text).toMatch(/podatlas_geoip_lookups_total\{result="invalid"\} [1-9]/)
  expect(failures(text, '')).toBe(0)
})

test('series that differ in what is not carried are one; an address stays as it was written, or joins would miss it', async () => {
  const written = ['2001:db8:81::1', '2001:DB8:81:0:0:0:0:1']
  const body = vector(
    ['1', '2'].flatMap(port => [
      { labels: { ...sample('192.0.2.1', 'a', 1).labels, port }, value: 1 },
      ...written.map(address => sample(address, 'b', 10)),
    ]),
  )
  await using geoip = await start({ body })
  const text = await geoip.until(each => each.includes('geo_ip{'))
  const series = linesOf(text, 'geo_ip').map(
    line => `${/ip="([^"]*)"/.exec(line)?.[1]} ${line.split('} ')[1]}`,
  )
  const expected = ['192.0.2.1 2', '2001:DB8:81:0:0:0:0:1 20', '2001:db8:81::1 20']
  expect(new Set(series)).toEqual(new Set(expected))
  expect(series).toHaveLength(expected.length)
})

function sample(address: string, pod: string, value: number) {
  return { labels: { destination_ip: address, k8s_namespace: 'shop', k8s_pod: pod }, value }
}

/** geoip with a Prometheus that gives one answer until it is told another. */
async function start(first: Answer) {
  let current = first
  const upstream = await startUpstream((_, response) => {
    response.writeHead(current.status ?? 200).end(current.body)
  })
  const flags = ['-p', upstream.url, '-d', database, '-l', 'k8s_pod', '--interval=1s']
  const config = readConfig(flags, {})
  if ('help' in config) throw new Error('help was not asked for')
  const log: string[] = []
  const geoip = startGeoip(config, new Map(), line => log.push(line))
  const get = async (path: string) => {
    const response = await geoip.app.request(path)
    return { status: response.status, text: await response.text() }
  }
  return {
    log,
    get,
    answer: (next: Answer) => {
      current = next
    },
    /** The metrics, once they are as hoped. */
    until: (accepts: (text: string) => boolean) =>
      vi.waitFor(
        async () => {
          const { text } = await get('/metrics')
          if (!accepts(text)) throw new Error(text)
          return text
        },
        { timeout: 20_000, interval: 50 },
      ),
    [Symbol.asyncDispose]: async () => {
      await geoip[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

/** Failures of that reason, or of all. */
function failures(text: string, reason: string): number {
  const counted = linesOf(text, 'podatlas_geoip_query_failures_total')
  const wanted = counted.filter(line => line.includes(`reason="${reason}`))
  return wanted.reduce((sum, line) => sum + Number(line.split('} ')[1]), 0)
}

function linesOf(text: string, name: string): string[] {
  return text.split('\n').filter(line => line.startsWith(`${name}{`))
}
