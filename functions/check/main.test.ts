import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Answers = {
  /** Value of each query at Prometheus that contains the key; none: no series. */
  readonly values?: Readonly<Record<string, number>>
  /** The metrics of geoip as a whole, instead of those that follow. */
  readonly metrics?: string
  /** Series in geoip's last answer from Prometheus; none: it has had none. */
  readonly samples?: number | undefined
  /** Public addresses that geoip has seen, with what it says of each. */
  readonly seen?: Readonly<Record<string, string>>
  /** Countries that geoip's database knows of addresses. */
  readonly countries?: Readonly<Record<string, string>>
  readonly isReady?: boolean
  /** How many requests Prometheus refuses first. */
  readonly refusals?: number
  /** Whether it takes the nth request, from 0 on, and never answers. */
  readonly isSilent?: (nth: number) => boolean
}

const works: Answers = {
  values: {
    podatlas_transmit_bytes_total: 4096,
    podatlas_receive_bytes_total: 512,
    podatlas_agent_info: 3,
    podatlas_geoip_database_up: 2,
    podatlas_peer_info: 7,
  },
  samples: 12,
  seen: {
    '192.0.2.1': 'country="DE",latitude="52.52",longitude="13.405"',
    '192.0.2.2': 'country="FR"',
    '192.0.2.3': 'country="unknown",latitude="0.5",longitude="0.5"',
    '203.0.113.9': 'country="unknown",asn="64496"',
  },
  countries: { '193.0.14.129': 'NL' },
}

const unplaced = { '192.0.2.1': 'country="unknown"', '2001:db8::1': 'country="unknown"' }

/** One server that is Prometheus and geoip, and keeps the queries it was asked. */
async function serve(answers: Answers) {
  const { values = {}, samples, seen = {}, countries = {}, isReady = true, refusals = 0 } = answers
  const queries: string[] = []
  let left = refusals
  let asked = 0
  const server = createServer((request, response) => {
    if (answers.isSilent?.(asked++)) return
    void text(request).then(body => {
      if (request.url === '/readyz')
        return response.writeHead(isReady ? 200 : 503).end(isReady ? '' : 'no database')
      if (request.url === '/metrics')
        return response.end(answers.metrics ?? geoipMetrics(samples, seen))
      if (request.url === '/locations') {
        const { addresses }: { addresses: string[] } = JSON.parse(body)
        const locations = addresses.map(address => ({ address, country: countries[address] }))
        return response.end(JSON.stringify({ attribution: '', locations }))
      }
      if (left-- > 0) return response.writeHead(503).end()
      const query = new URLSearchParams(body).get('query') ?? ''
      queries.push(query)
      const [, value] = Object.entries(values).find(([name]) => query.includes(name)) ?? []
      const result = value === undefined ? [] : [{ metric: {}, value: [1, String(value)] }]
      const data = { resultType: 'vector', result }
      response.setHeader('content-type', 'application/json')
      return response.end(JSON.stringify({ status: 'success', data }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    url,
    queries,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Without an answer, its queries have failed. */
function geoipMetrics(samples: number | undefined, seen: Readonly<Record<string, string>>): string {
  const own =
    samples === undefined
      ? 'podatlas_geoip_query_failures_total{query="default",reason="unauthorized"} 3'
      : `podatlas_geoip_query_samples{query="default"} ${samples}`
  const places = Object.entries(seen).map(
    ([address, labels]) => `podatlas_geo_info{destination_ip="${address}",${labels}} 1`,
  )
  return [own, ...places, ''].join('\n')
}

async function check(answers: Answers, ...more: readonly string[]) {
  await using server = await serve(answers)
  const words = ['-p', server.url, '--geoip', server.url, '--peers', '--wait', '100ms', ...more]
  return { ...(await run(...words)), queries: server.queries }
}

async function run(...words: readonly string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...words])
  const closed = once(child, 'close')
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)])
  await closed
  return { code: child.exitCode, lines: out.trim().split('\n'), error }
}

test('an installation that works is told so, with what was seen', async () => {
  const { code, lines } = await check(works)
  expect(lines).toEqual([
    'ok    bytes   4096 bytes sent and 512 received, of 3 nodes',
    'ok    places  geoip places 3 of 4 public addresses',
    expect.stringMatching(/^ok {4}geoip {3}http:\S+ scrapes geoip$/),
    expect.stringMatching(/^ok {4}peers {3}http:\S+ scrapes peers$/),
  ])
  expect(code).toBe(0)
})

test('places are read from what geoip really exports', async () => {
  const file = join(import.meta.dirname, '../geoip/test/golden/metrics.prom')
  const { lines } = await check({ ...works, metrics: readFileSync(file, 'utf8') })
  expect(lines[1]).toBe('ok    places  geoip places 2 of 3 public addresses')
})

test('each thing that is missing is told, with where to look', async () => {
  const { code, lines } = await check({ samples: 4, seen: unplaced })
  expect(lines).toEqual([
    expect.stringMatching(/^FAIL {2}bytes {3}no bytes at http:\S+ yet: what do the agents log\?$/),
    'FAIL  places  geoip places none of 2 public addresses, and none of 198.41.0.4, 193.0.14.129, 202.12.27.33 (root name servers): is it the right database?',
    expect.stringMatching(/^FAIL {2}geoip {3}http:\S+ has no podatlas_geoip_database_up: does it/),
    expect.stringMatching(/^FAIL {2}peers {3}http:\S+ has no podatlas_peer_info: does it scrape/),
  ])
  expect(code).toBe(1)
})

test('a geoip that is not ready says why', async () => {
  const { code, lines } = await check({ ...works, isReady: false })
  expect(lines[1]).toBe('FAIL  places  geoip is not ready: no database')
  expect(code).toBe(1)
})

test.each([
  ['nobody outside', {}, 'no traffic with a public address has been seen yet'],
  [
    'addresses that no database has',
    unplaced,
    'though its database has none of 2 public addresses seen',
  ],
])('a cluster that talks to %s is told that geoip works', async (_, seen, says) => {
  const { code, lines } = await check({ ...works, seen })
  expect(lines[1]).toMatch(/^ok {4}places {2}geoip works \(it places 193\.0\.14\.129\)/)
  expect(lines[1]).toContain(says)
  expect(code).toBe(0)
})

test.each([
  [
    'places nothing at all',
    { seen: {}, countries: {} },
    'geoip places none of 198.41.0.4, 193.0.14.129, 202.12.27.33 (root name servers): is it the right database?',
  ],
  [
    'gets no answer',
    { samples: undefined },
    'geoip has had no answer from Prometheus: unauthorized. What does it log?',
  ],
  [
    'asks for what is not there',
    { samples: 0, seen: {} },
    'no query of geoip finds a series at Prometheus: is geoip.query right?',
  ],
])('a geoip that %s fails, whatever the traffic', async (_, broken, says) => {
  const { code, lines } = await check({ ...works, ...broken })
  expect(lines[1]).toBe(`FAIL  places  ${says}`)
  expect(code).toBe(1)
})

test('it asks for its own cluster only, and for nothing that is off', async () => {
  await using server = await serve(works)
  expect((await run('-p', server.url, '--cluster', 'east')).code).toBe(0)
  expect(server.queries).toEqual([
    'sum(podatlas_transmit_bytes_total{cluster="east"})',
    'sum(podatlas_receive_bytes_total{cluster="east"})',
    'count(count by (source_host) (podatlas_agent_info{cluster="east"}))',
  ])
})

test('what is not up yet is waited for', async () => {
  const { code } = await check({ ...works, refusals: 1 }, '--wait', '10s')
  expect(code).toBe(0)
})

test('who gives no answer at first, as after a rollout, is asked again well before the wait is over', async () => {
  await using prometheus = await serve({ ...works, isSilent: nth => nth === 0 })
  await using geoip = await serve({ ...works, isSilent: nth => nth === 0 })
  const words = ['-p', prometheus.url, '--geoip', geoip.url, '--peers', '--wait', '10s']
  const { code, lines } = await run(...words)
  expect(lines).toEqual(Array(4).fill(expect.stringMatching(/^ok /)))
  expect(code).toBe(0)
})

test('who never answers is named, and takes no time from the others', async () => {
  await using prometheus = await serve({ ...works, refusals: 6 })
  await using geoip = await serve({ isSilent: () => true })
  const words = ['-p', prometheus.url, '--geoip', geoip.url, '--peers', '--wait', '6s']
  const { code, lines } = await run(...words)
  expect(lines).toEqual([
    expect.stringMatching(/^ok {4}bytes /),
    `FAIL  places  cannot reach ${geoip.url}/readyz: no answer in 3000 ms`,
    expect.stringMatching(/^ok {4}geoip /),
    expect.stringMatching(/^ok {4}peers /),
  ])
  expect(code).toBe(1)
})

test('what was last found is told, though the end cuts the next look short', async () => {
  await using prometheus = await serve(works)
  await using geoip = await serve({ isReady: false, isSilent: nth => nth > 0 })
  const { lines } = await run('-p', prometheus.url, '--geoip', geoip.url, '--wait', '3s')
  expect(lines[1]).toBe('FAIL  places  geoip is not ready: no database')
})

test('who cannot be reached is named', async () => {
  const nobody = 'http://127.0.0.1:1'
  const { code, lines } = await run('-p', nobody, '--geoip', nobody, '--wait', '100ms')
  expect(lines[0]).toMatch(/^FAIL {2}bytes .*127\.0\.0\.1:1/)
  expect(lines[1]).toMatch(/^FAIL {2}places .*cannot reach http:\/\/127\.0\.0\.1:1\/readyz/)
  expect(code).toBe(1)
})

test('a command line with faults is refused at once', async () => {
  const { code, error } = await run('--geoip', 'geoip:8080')
  expect(error).toContain(
    'prometheus (-p, --prometheus): is missing; use -p http://prometheus:9090',
  )
  expect(error).toContain('geoip (--geoip): use a URL like http://podatlas-geoip:8080')
  expect(code).toBe(2)
})
