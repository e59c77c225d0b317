import { once } from 'node:events'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openGrpc } from './grpc.ts'
import { httpShape } from '../http/options.ts'
import { METHOD } from '../test/grpc-server.ts'

const Options = z.object(httpShape('http://example.com/'))
const neverAborted = new AbortController().signal

/** A server of HTTP/2 that does what no server of gRPC would. */
async function rawServer(answer: (stream: ServerHttp2Stream, socket: Socket) => void) {
  const sockets: Socket[] = []
  const server = createServer()
  server.on('connection', (socket: Socket) => sockets.push(socket))
  server.on('sessionError', () => undefined)
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    stream.resume().once('end', () => {
      const [socket] = sockets
      if (socket) answer(stream, socket)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(closed => server.close(closed))
    },
  }
}

/** The head and a part of an answer, in the next moment followed by something else. */
async function begun(stream: ServerHttp2Stream): Promise<void> {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.write(Buffer.alloc(3))
  await pause(5)
}

// In none of them the request may count as refused: it would not be sent again.
test.for<[string, (stream: ServerHttp2Stream, socket: Socket) => void, string]>([
  ['closes the connection', (_, socket) => socket.end(), 'closed without an answer'],
  [
    'closes it in the middle of its answer',
    (stream, socket) => void begun(stream).then(() => socket.end()),
    'cut off in its answer',
  ],
  [
    'loses it in the middle of its answer',
    (stream, socket) => void begun(stream).then(() => socket.resetAndDestroy()),
    'ECONNRESET',
  ],
  [
    'breaks its answer off',
    stream => void begun(stream).then(() => stream.close(8)),
    'cut off in its answer',
  ],
])('a server that %s is a fault, told at once', async ([, answer, says]) => {
  await using server = await rawServer(answer)
  using grpc = openGrpc(Options.parse({ endpoint: server.url, timeout: '5m' }), 'podatlas/1.2.3')
  expect(await grpc.call(METHOD, Buffer.from('hello'), false, neverAborted)).toMatchObject({
    fault: 'reset',
    text: expect.stringContaining(says),
    isUnanswered: true,
  })
})

test('where nobody listens, nothing went out', async () => {
  const { url, ...server } = await rawServer(() => undefined)
  await server[Symbol.asyncDispose]()
  using grpc = openGrpc(Options.parse({ endpoint: url, timeout: '5m' }), 'podatlas/1.2.3')
  expect(await grpc.call(METHOD, Buffer.from('hello'), false, neverAborted)).toMatchObject({
    fault: 'refused',
    isUnanswered: false,
  })
})

test('a server that ends its answer without a status has said nothing that gRPC knows', async () => {
  await using server = await rawServer(stream => {
    stream.respond({ ':status': 200, 'content-type': 'text/html' })
    stream.end('<p>hello</p>')
  })
  using grpc = openGrpc(Options.parse({ endpoint: server.url }), 'podatlas/1.2.3')
  expect(await grpc.call(METHOD, Buffer.from('hello'), false, neverAborted)).toMatchObject({
    status: 'unknown',
    text: 'HTTP status 200 and no status of gRPC',
  })
})
