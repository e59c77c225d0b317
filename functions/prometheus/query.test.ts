import { expect, test } from 'vitest'
import { QueryError } from './answer.ts'
import { prometheusClient } from './query.ts'
import { openUpstream } from './upstream.ts'
import { startUpstream, vector } from '../program/test/upstream.ts'

const forever = new AbortController().signal

test('asks by POST form and reads labels and values, infinities too', async () => {
  const asked: string[] = []
  await using upstream = await startUpstream((request, response) => {
    request.setEncoding('utf8')
    let body = ''
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${new URLSearchParams(body).get('query')}`)
      response.end(
        vector([
          { labels: { destination_ip: '192.0.2.1' }, value: 12 },
          { labels: {}, value: '+Inf' },
        ]),
      )
    })
  })
  const { samples } = await client(upstream.url).ask('sum(a + b)')
  expect(samples).toEqual([
    { labels: { destination_ip: '192.0.2.1' }, value: 12 },
    { labels: {}, value: Infinity },
  ])
  expect(asked).toEqual(['POST /api/v1/query sum(a + b)'])
})

test("Prometheus' warnings are passed on", async () => {
  const answer = { ...JSON.parse(vector([])), warnings: ['a store is down', 7] }
  await using upstream = await startUpstream((_, response) => response.end(JSON.stringify(answer)))
  expect((await client(upstream.url).ask('up')).warnings).toEqual(['a store is down'])
})

const data = (resultType: string, result: unknown) =>
  JSON.stringify({ status: 'success', data: { resultType, result } })

test.each([
  [
    'refused PromQL',
    400,
    '{"status":"error","errorType":"bad_data","error":"parse error: unclosed left parenthesis"}',
    'refused',
    'Prometheus refuses the query "sum(": parse error: unclosed left parenthesis',
  ],
  [
    'busy',
    503,
    '{"status":"error","error":"too many queries"}',
    'http',
    'is busy: too many queries',
  ],
  ['HTML from a proxy', 502, '<html>Bad gateway</html>', 'http', 'answers with HTTP status 502'],
  ['a login page', 200, '<html>Log in</html>', 'not_prometheus', 'is not Prometheus'],
  ['nothing', 200, '', 'not_prometheus', 'is not Prometheus'],
  ['JSON of another kind', 200, '[1, 2]', 'not_prometheus', 'is not Prometheus'],
  ['no data', 200, '{"status":"success"}', 'not_prometheus', 'is not Prometheus'],
  ['a scalar', 200, data('scalar', [1, '2']), 'no_vector', 'the query "sum(" yields a scalar'],
  ['a range', 200, data('matrix', []), 'no_vector', 'the query "sum(" yields a matrix'],
  ['samples of nonsense', 200, data('vector', [null]), 'not_prometheus', 'no labels or no value'],
  [
    'labels of nonsense',
    200,
    data('vector', [{ metric: { a: 1 }, value: [1, '2'] }]),
    'not_prometheus',
    'no labels or no value',
  ],
])('%s is one line with the cause', async (_, status, body, reason, message) => {
  await using upstream = await startUpstream((__, response) => {
    response.writeHead(status).end(body)
  })
  for (const error of await failuresOf(upstream.url, 'sum(')) {
    expect(error.reason).toBe(reason)
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('\n')
  }
})

test.each([
  ['in a sample', 90],
  ['between samples', 155],
  ['behind the samples', -2],
])('an answer that is cut %s is told as such, after so many series', async (_, length) => {
  const samples = [1, 2].map(value => ({ labels: { destination_ip: '192.0.2.1' }, value }))
  await using upstream = await startUpstream((__, response) => {
    response.end(vector(samples).slice(0, length))
  })
  const got: number[] = []
  const sink = { labels: [], onSample: (___: unknown, value: number) => got.push(value) }
  const error = await failureOf(client(upstream.url).read('up', sink))
  expect(['cut', 'not_prometheus']).toContain(error.reason)
  if (error.reason === 'cut')
    expect(error.message).toContain(`is cut off after ${got.length} series`)
})

test('a redirect is not followed but named', async () => {
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(302, { location: 'https://prometheus.example/' }).end()
  })
  const { message } = await failureOf(client(upstream.url).ask('up'))
  expect(message).toContain('redirects to https://prometheus.example/; use that with -p')
})

test('a Prometheus that is down, resets or names no host is unreachable', async () => {
  const gone = await startUpstream(() => {})
  await gone[Symbol.asyncDispose]()
  await using resetting = await startUpstream(request => request.socket.destroy())
  for (const url of [gone.url, resetting.url]) {
    const error = await failureOf(client(url).ask('up'))
    expect(error.reason).toBe('unreachable')
    expect(error.message).toContain(`Prometheus at ${url} cannot be reached: `)
    expect(error.message).not.toContain('fetch failed')
  }
})

test('a slow Prometheus is given up after the timeout, in the middle of its answer too', async () => {
  await using silent = await startUpstream(() => {})
  await using slow = await startUpstream((_, response) => {
    response.writeHead(200)
    response.write('{"status"')
  })
  for (const url of [silent.url, slow.url]) {
    const error = await failureOf(client(url, 100).ask('up'))
    expect(error.reason).toBe('timeout')
    expect(error.message).toContain('gave no answer in 100 ms')
  }
})

test('an answer without end is cut before it fills the memory', async () => {
  await using upstream = await startUpstream((_, response) => {
    const chunk = Buffer.alloc(4 * 1024 * 1024, ' ')
    const pour = () => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on('drain', pour)
    pour()
  })
  const error = await failureOf(client(upstream.url, 15_000).ask('up'))
  expect(error.reason).toBe('too_large')
  expect(error.message).toContain('aggregate the query or bound it with topk')
})

function client(baseUrl: string, timeoutMs = 5_000) {
  return prometheusClient({ upstream: openUpstream(baseUrl), timeoutMs, stop: forever })
}

/** Of an answer held as a whole, and of one read as it comes. */
async function failuresOf(url: string, query: string): Promise<QueryError[]> {
  const { ask, read } = client(url)
  const sink = { labels: ['a'], onSample: () => {} }
  return Promise.all([failureOf(ask(query)), failureOf(read(query, sink))])
}

async function failureOf(answer: Promise<unknown>): Promise<QueryError> {
  try {
    await answer
  } catch (error) {
    if (error instanceof QueryError) return error
    throw error
  }
  throw new Error('the query succeeded')
}
