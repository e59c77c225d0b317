import dns, { type LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { getBody } from './attribute/api-server.ts'
import { shareLookups } from './name-lookups.ts'
import { openGrpc } from './sinks/grpc/grpc.ts'
import { openHttp } from './sinks/http/http.ts'
import { httpShape } from './sinks/http/options.ts'
import { METHOD } from './sinks/test/grpc-server.ts'
import { makeApiCredentials } from './test/api-credentials.ts'

type Callback = (error: Error | null, found?: readonly LookupAddress[]) => void

/** The agent's lookups, below them such as hang until the test answers them. */
function heldLookups() {
  const { lookup: real } = dns
  const asked: string[] = []
  const held: Callback[] = []
  const lookup = (host: string, _options: object, callback: Callback) => {
    asked.push(host)
    held.push(callback)
  }
  Object.assign(dns, { lookup })
  const shared = shareLookups()
  return {
    asked,
    answer: (...result: Parameters<Callback>) => {
      for (const callback of held.splice(0)) callback(...result)
    },
    [Symbol.dispose]: () => {
      shared[Symbol.dispose]()
      Object.assign(dns, { lookup: real })
    },
  }
}

const Options = z.object(httpShape('http://example.com/'))
const neverAborted = new AbortController().signal
const BODY = Buffer.from('hello')

async function byHttp(settings: object): Promise<string> {
  using http = openHttp(Options.parse({ ...settings, timeout: '100ms' }))
  return (await http.post({}, BODY, neverAborted)).text
}

async function byGrpc(settings: object): Promise<string> {
  using grpc = openGrpc(Options.parse({ ...settings, timeout: '100ms' }), 'podatlas/1.2.3')
  return (await grpc.call(METHOD, BODY, false, neverAborted)).text
}

async function byWatch(): Promise<string> {
  const { caFile, tokenFile: write, [Symbol.dispose]: remove } = makeApiCredentials()
  const server = { url: 'https://silent.test', caFile, tokenFile: write('token', 'any') }
  try {
    const signal = AbortSignal.timeout(100)
    for await (const _ of getBody(server, '/', { quietMs: 50, signal })) break
    return ''
  } catch (error) {
    return String(error)
  } finally {
    remove()
  }
}

describe.each([
  ['HTTP', byHttp],
  ['gRPC', byGrpc],
])('a sink by %s', (_, attempt) => {
  test.each([
    ['its name', { endpoint: 'http://silent.test' }],
    ['its name, by TLS', { endpoint: 'https://silent.test' }],
    ['a proxy’s name', { endpoint: 'http://far.test', proxyUrl: 'http://silent.test:3128' }],
    ['a proxy’s name, by TLS', { endpoint: 'http://far.test', proxyUrl: 'https://silent.test' }],
    ['a proxy’s name, for TLS', { endpoint: 'https://far.test', proxyUrl: 'http://silent.test' }],
  ])('while nobody answers for %s, attempts wait for one lookup', async (__, settings) => {
    using held = heldLookups()
    for (let attempts = 0; attempts < 3; attempts++)
      expect(await attempt(settings)).toContain('nothing in 0.1 s')
    expect(held.asked).toEqual(['silent.test'])
  })
})

test('while nobody answers for the API server’s name, attempts wait for one lookup', async () => {
  using held = heldLookups()
  for (let attempts = 0; attempts < 3; attempts++)
    expect(await byWatch()).toMatch(/silent for 0.05 s|aborted/)
  expect(held.asked).toEqual(['silent.test'])
})

test('each that waited gets the answer, and who comes later asks anew', async () => {
  await using server = createServer(socket => socket.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  const { port } = address
  using held = heldLookups()
  const open = () => once(connect({ host: 'shop.test', port }).resume(), 'close')

  const waiting = [open(), open(), open()]
  held.answer(null, [{ address: '127.0.0.1', family: 4 }])
  await Promise.all(waiting)
  expect(held.asked).toEqual(['shop.test'])

  const refused = [open(), open()]
  const missing = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
  const results = Promise.allSettled(refused)
  held.answer(missing)
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(held.asked).toEqual(['shop.test', 'shop.test'])
})

test('another name is asked for meanwhile', async () => {
  using held = heldLookups()
  const sockets = ['one.test', 'other.test'].map(host => connect({ host, port: 9 }))
  for (const socket of sockets) socket.destroy()
  expect(held.asked).toEqual(['one.test', 'other.test'])
})
