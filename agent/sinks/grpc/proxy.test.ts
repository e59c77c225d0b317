import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openGrpc } from './grpc.ts'
import { httpShape } from '../http/options.ts'
import { makeAuthority, type Authority } from '../test/certificates.ts'
import { grpcServer, METHOD } from '../test/grpc-server.ts'
import { realProxy } from '../test/real-proxy.ts'

let authority: Authority
beforeAll(() => (authority = makeAuthority()))
afterAll(() => authority[Symbol.dispose]())

const Options = z.object(httpShape('https://example.com/'))
const neverAborted = new AbortController().signal

function grpcTo(endpoint: string, settings: object) {
  const options = Options.parse({ endpoint, timeout: '10s', ...settings })
  const grpc = openGrpc(options, 'podatlas/1.2.3')
  const send = (text = 'hello') => grpc.call(METHOD, Buffer.from(text), false, neverAborted)
  return Object.assign(grpc, { send })
}

// Names that only the proxy knows: what arrives has come through it.
const PLAIN = 'http://otel.test:4317'
const SECURE = 'https://otel.test'

function serverFor(endpoint: string) {
  return grpcServer(endpoint === SECURE ? { pair: authority.issue('DNS:otel.test') } : undefined)
}

function tlsFor(endpoint: string): object {
  return endpoint === SECURE ? { tls: { caFile: authority.caFile } } : {}
}

describe.each([
  [PLAIN, 'otel.test:4317'],
  [SECURE, 'otel.test:443'],
])('to %s', (endpoint, target) => {
  test('calls in turn and in parallel go through one tunnel, with Basic authentication for the proxy alone', async () => {
    await using server = await serverFor(endpoint)
    await using proxy = await realProxy({ leadsTo: server.port, credentials: 'me:p@ss' })
    const settings = { proxyUrl: proxy.urlFor('me:p%40ss'), token: 'for-the-server' }
    using grpc = grpcTo(endpoint, { ...settings, ...tlsFor(endpoint) })
    const answers = await Promise.all(['1', '2', '3', '4'].map(text => grpc.send(text)))
    expect(answers.map(answer => 'status' in answer && answer.status)).toEqual(Array(4).fill('ok'))
    expect(await grpc.send('5')).toMatchObject({ status: 'ok' })
    expect(proxy.asked).toEqual([`CONNECT ${target}`])
    expect(server.connections()).toBe(1)
    const [heard] = server.heard
    expect(heard?.headers).toMatchObject({ authorization: 'Bearer for-the-server' })
    expect(heard?.headers).not.toHaveProperty('proxy-authorization')
  })

  test('a receiver whose first words come with the answer of the proxy is heard', async () => {
    await using server = await serverFor(endpoint)
    // With TLS it is for us to begin.
    const isSlow = endpoint === PLAIN
    await using proxy = await realProxy({ leadsTo: server.port, isSlow })
    using grpc = grpcTo(endpoint, { proxyUrl: proxy.url, ...tlsFor(endpoint) })
    expect(await grpc.send()).toMatchObject({ status: 'ok' })
  })

  test('a tunnel that ends is replaced, and none is left behind', async () => {
    const before = await serverFor(endpoint)
    await using proxy = await realProxy({ leadsTo: before.port })
    using grpc = grpcTo(endpoint, { proxyUrl: proxy.url, ...tlsFor(endpoint) })
    expect(await grpc.send()).toMatchObject({ status: 'ok' })
    await before[Symbol.asyncDispose]()
    await expect.poll(() => proxy.open()).toBe(0)
    const tls = endpoint === SECURE ? { pair: authority.issue('DNS:otel.test') } : undefined
    await using _ = await grpcServer(tls, undefined, before.port)
    expect(await grpc.send()).toMatchObject({ status: 'ok' })
    expect(proxy.open()).toBe(1)
    grpc[Symbol.dispose]()
    await expect.poll(() => proxy.open()).toBe(0)
  })

  test('what goes wrong at the proxy is its fault, and shows no password', async () => {
    await using server = await serverFor(endpoint)
    await using strict = await realProxy({ leadsTo: server.port, credentials: 'me:right' })
    await using lost = await realProxy({ leadsTo: 0, refusal: '502 Bad Gateway' })
    await using silent = await realProxy({ leadsTo: 0, refusal: '' })
    const gone = await realProxy({ leadsTo: 0 })
    await gone[Symbol.asyncDispose]()
    const cases = [
      [strict, 'proxy', 'the proxy refuses: 407'],
      [lost, 'proxy', 'the proxy refuses: 502'],
      [silent, 'timeout', 'nothing in 0.3 s'],
      [gone, 'refused', 'ECONNREFUSED'],
    ] as const
    for (const [proxy, fault, says] of cases) {
      const settings = { proxyUrl: proxy.urlFor('me:hunter2'), ...tlsFor(endpoint) }
      const timeout = fault === 'timeout' ? '300ms' : '10s'
      using grpc = grpcTo(endpoint, { ...settings, timeout })
      const answer = await grpc.send()
      expect(answer).toMatchObject({ fault, text: expect.stringContaining(says) })
      expect(answer.text).not.toContain('hunter2')
    }
    expect(server.heard).toEqual([])
  })

  test('a proxy of https is spoken to by TLS, if its own authority is known', async () => {
    await using server = await serverFor(endpoint)
    const pair = authority.issue('IP:127.0.0.1')
    await using proxy = await realProxy({ leadsTo: server.port, pair, credentials: 'me:p@ss' })
    const settings = { proxyUrl: proxy.urlFor('me:p%40ss'), ...tlsFor(endpoint) }
    using strange = grpcTo(endpoint, settings)
    // The CA of the receiver is no CA of the proxy.
    expect(await strange.send()).toMatchObject({ fault: 'tls' })
    expect(proxy.asked).toEqual([])
    const wellKnown = getCACertificates('default')
    setDefaultCACertificates([...wellKnown, authority.ca])
    try {
      using grpc = grpcTo(endpoint, settings)
      expect(await grpc.send('1')).toMatchObject({ status: 'ok' })
      expect(await grpc.send('2')).toMatchObject({ status: 'ok' })
    } finally {
      setDefaultCACertificates(wellKnown)
    }
    expect(proxy.asked).toEqual([`CONNECT ${target}`])
    expect(server.heard.map(({ message }) => message)).toEqual(['1', '2'])
  })
})

test('a server behind a proxy is not trusted more than one in front of it', async () => {
  await using server = await grpcServer({ pair: authority.issue('DNS:other.test') })
  await using proxy = await realProxy({ leadsTo: server.port })
  using grpc = grpcTo(SECURE, { proxyUrl: proxy.url, tls: { caFile: authority.caFile } })
  expect(await grpc.send()).toMatchObject({ fault: 'tls' })
  expect(server.heard).toEqual([])
})
