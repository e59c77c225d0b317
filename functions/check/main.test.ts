import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Answers = {
  /** Value of each query at Prometheus that contains the key; none: no series. */
  readonly values?: Readonly<Record<string, number>>
  /** Lookups of geoip by result. */
  readonly lookups?: Readonly<Record<string, number>>
  readonly isReady?: boolean
  /** How many requests Prometheus refuses first. */
  readonly refusals?: number
}

const works: Answers = {
  values: {
    podatlas_transmit_bytes_total: 4096,
    podatlas_receive_bytes_total: 512,
    podatlas_agent_info: 3,
    podatlas_geoip_database_up: 2,
    podatlas_peer_info: 7,
  },
  lookups: { private: 9, found: 5, unknown: 1 },
}

/** One server that is Prometheus and geoip, and keeps the queries it was asked. */
async function serve({ values = {}, lookups = {}, isReady = true, refusals = 0 }: Answers) {
  const queries: string[] = []
  let left = refusals
  const server = createServer((request, response) => {
    void text(request).then(body => {
      if (request.url === '/readyz')
        return response.writeHead(isReady ? 200 : 503).end(isReady ? '' : 'no database')
      if (request.url === '/metrics')
        return response.end(
          Object.entries(lookups)
            .map(([result, count]) => `podatlas_geoip_lookups_total{result="${result}"} ${count}\n`)
            .join(''),
        )
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
    'ok    places  geoip placed 5 of 6 public addresses',
    expect.stringMatching(/^ok {4}geoip {3}http:\S+ scrapes geoip$/),
    expect.stringMatching(/^ok {4}peers {3}http:\S+ scrapes peers$/),
  ])
  expect(code).toBe(0)
})

test('each thing that is missing is told, with where to look', async () => {
  const { code, lines } = await check({ lookups: { unknown: 4 } })
  expect(lines).toEqual([
    expect.stringMatching(/^FAIL {2}bytes {3}no bytes at http:\S+ yet: what do the agents log\?$/),
    'FAIL  places  geoip placed none of 4 public addresses: is it the right database?',
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

test('a cluster that talks to nobody outside has no place to know', async () => {
  const { code, lines } = await check({ ...works, lookups: { private: 3, folded: 1 } })
  expect(lines[1]).toBe('ok    places  geoip is ready, and no public address has been seen yet')
  expect(code).toBe(0)
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
