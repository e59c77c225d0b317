import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { httpShape } from './http-options.ts'
import { openHttp } from './http.ts'

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
  expect(await endpoint.post({}, body, neverAborted)).toMatchObject({ fault })
})

test('a name that does not exist is a fault of DNS', async () => {
  using endpoint = httpTo(new URL('http://nowhere.invalid/'), 10_000)
  expect(await endpoint.post({}, body, neverAborted)).toMatchObject({ fault: 'dns' })
})

test('TLS to a server that speaks none is a fault of TLS', async () => {
  using server = await rawServer('HTTP/1.1 400 Bad Request\r\n\r\n', true)
  using endpoint = httpTo(new URL(server.url.href.replace('http:', 'https:')), 10_000)
  expect(await endpoint.post({}, body, neverAborted)).toMatchObject({ fault: 'tls' })
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
