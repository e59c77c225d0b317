import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { httpShape } from './options.ts'
import { openHttp } from './http.ts'
import { mountSecret } from '../test/mounted-secret.ts'
import { recordingServer } from '../test/recording-server.ts'

const body = Buffer.from('hello')
const Options = z.object(httpShape('http://example.com/'))

function httpTo({ href }: URL, timeoutMs: number, settings: object = {}) {
  return openHttp(Options.parse({ endpoint: href, timeout: `${timeoutMs}ms`, ...settings }))
}

const neverAborted = new AbortController().signal

/** A TCP server that says `bytes` to whoever comes, and then nothing, or closes. */
async function rawServer(bytes: string, closes: boolean) {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => (closes ? socket.end(bytes) : socket.write(bytes)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  return {
    url: new URL(`http://127.0.0.1:${address.port}/`),
    [Symbol.dispose]: () => void server.close(),
  }
}

test.for<[string, string, boolean, string]>([
  ['never answers', '', false, 'timeout'],
  [
    'stops in the middle of its answer',
    'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab',
    false,
    'timeout',
  ],
  ['closes without an answer', '', true, 'reset'],
  ['speaks no HTTP', 'SSH-2.0-OpenSSH\r\n', true, 'network'],
])('a server that %s is one fault with a reason', async ([, bytes, closes, fault]) => {
  using server = await rawServer(bytes, closes)
  // Only the first two wait for the limit; the others must not come near it on a busy machine.
  using endpoint = httpTo(server.url, fault === 'timeout' ? 100 : 10_000)
  expect(await endpoint.post({}, body, neverAborted)).toMatchObject({ fault, isUnanswered: true })
})

test('where nobody listens, nothing went out', async () => {
  const server = await rawServer('', true)
  server[Symbol.dispose]()
  using endpoint = httpTo(server.url, 10_000)
  const fault = { fault: 'refused', isUnanswered: false }
  expect(await endpoint.post({}, body, neverAborted)).toMatchObject(fault)
})

test('a name that does not exist is a fault of DNS', async () => {
  using endpoint = httpTo(new URL('http://nowhere.invalid/'), 10_000)
  expect(await endpoint.post({}, body, neverAborted)).toMatchObject({
    fault: 'dns',
    isUnanswered: false,
  })
})

test('TLS to a server that speaks none is a fault of TLS', async () => {
  using server = await rawServer('HTTP/1.1 400 Bad Request\r\n\r\n', true)
  using endpoint = httpTo(new URL(server.url.href.replace('http:', 'https:')), 10_000)
  expect(await endpoint.post({}, body, neverAborted)).toMatchObject({
    fault: 'tls',
    isUnanswered: false,
  })
})

test('of a huge answer only the beginning is kept, on one line', async () => {
  using server = await rawServer(`HTTP/1.1 400 Bad\r\n\r\none\ntwo ${'x'.repeat(500_000)}`, true)
  using endpoint = httpTo(server.url, 10_000)
  const answer = await endpoint.post({}, body, neverAborted)
  expect(answer.text).toMatch(/^one two x{504}$/)
})

test('a request can be cut short, before it begins too', async () => {
  using server = await rawServer('', false)
  using endpoint = httpTo(server.url, 60_000)
  const signal = AbortSignal.timeout(50)
  expect(await endpoint.post({}, body, signal)).toHaveProperty('fault')
  expect(await endpoint.post({}, body, AbortSignal.abort())).toHaveProperty('fault')
})

describe('connections', () => {
  test('one is kept for request after request, and each request counts the bytes it took', async () => {
    await using server = await recordingServer()
    using http = httpTo(new URL(server.url), 10_000)
    const first = await http.post({ 'x-a': '1' }, body, neverAborted)
    const second = await http.post({ 'x-a': '1' }, Buffer.from('hello world'), neverAborted)
    expect(server.connections()).toBe(1)
    // Six bytes more, and one more digit of the length.
    expect(second.sentBytes - first.sentBytes).toBe(7)
    expect(first.sentBytes).toBeGreaterThan(body.length)
  })

  test('as many as there are requests at a time, and no more afterwards', async () => {
    await using server = await recordingServer()
    using http = httpTo(new URL(server.url), 10_000)
    await Promise.all([1, 2, 3].map(() => http.post({}, body, neverAborted)))
    await Promise.all([1, 2, 3].map(() => http.post({}, body, neverAborted)))
    expect(server.heard).toHaveLength(6)
    expect(server.connections()).toBe(3)
  })

  test('closed by the server between two requests, one is replaced without a fault', async () => {
    await using server = await recordingServer()
    using http = httpTo(new URL(server.url), 10_000)
    for (let i = 0; i < 3; i++) {
      expect(await http.post({}, body, neverAborted)).toMatchObject({ status: 204 })
      server.closeIdle()
    }
    expect(server.connections()).toBe(3)
    expect(server.heard).toHaveLength(3)
  })

  test('closed by the server just as the next request comes, that is sent again at once', async () => {
    let requests = 0
    const answered = 'HTTP/1.1 204 No Content\r\n\r\n'
    const server = createServer(socket => {
      socket.on('error', () => undefined)
      // The second request over a connection meets its end.
      socket.once('data', () => {
        requests += 1
        socket.write(answered)
        socket.once('data', () => socket.resetAndDestroy())
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
    using http = httpTo(new URL(`http://127.0.0.1:${address.port}/`), 10_000)
    // The server may have taken the one that was sent again, and then this one is its copy.
    for (const isUnanswered of [false, true, true])
      expect(await http.post({}, body, neverAborted)).toMatchObject({ status: 204, isUnanswered })
    expect(requests).toBe(3)
    server.close()
  })
})

test("the receiver's clock comes with its answer", async () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT'
  await using server = await recordingServer(undefined, (_, response) =>
    response.writeHead(204, { date }).end(),
  )
  using http = httpTo(new URL(server.url), 10_000)
  const answer = await http.post({}, body, neverAborted)
  expect(answer).toMatchObject({ serverMs: Date.UTC(2026, 9, 21, 7, 28) })
})

test('a bearer token of a mounted Secret is used from the next request on once it is replaced', async () => {
  await using server = await recordingServer()
  using secret = mountSecret({ token: 'first\n' })
  using http = httpTo(new URL(server.url), 10_000, { tokenFile: secret.file('token') })
  await http.post({}, body, neverAborted)
  secret.update({ token: 'second' })
  await http.post({}, body, neverAborted)
  secret.update({})
  expect(await http.post({}, body, neverAborted)).toMatchObject({ fault: 'token_file' })
  secret.update({ token: 'third' })
  await http.post({}, body, neverAborted)
  const sent = server.heard.map(({ request }) => request.headers.authorization)
  expect(sent).toEqual(['Bearer first', 'Bearer second', 'Bearer third'])
})

test('a header from a file goes beside those of the settings, and is what the file holds at each request', async () => {
  await using server = await recordingServer()
  using secret = mountSecret({ key: 'first\n' })
  using http = httpTo(new URL(server.url), 10_000, {
    headers: { 'X-Scope-OrgID': 'tenant-7' },
    headerFiles: { 'Api-Key': secret.file('key') },
    token: 'for-all',
  })
  await http.post({}, body, neverAborted)
  secret.update({ key: 'second' })
  await http.post({}, body, neverAborted)
  secret.update({})
  const gone = await http.post({}, body, neverAborted)
  expect(gone).toMatchObject({ fault: 'header_file' })
  expect(gone.text).toBe(
    `headerFiles.Api-Key: cannot read ${secret.file('key')} (ENOENT). Mount it there or correct the path`,
  )
  secret.update({ key: 'third' })
  await http.post({}, body, neverAborted)
  expect(server.heard.map(({ request }) => request.headers)).toMatchObject(
    ['first', 'second', 'third'].map(key => ({
      'api-key': key,
      'x-scope-orgid': 'tenant-7',
      authorization: 'Bearer for-all',
    })),
  )
})
