import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { httpShape } from './options.ts'
import { proxyOf } from './proxy.ts'
import { openHttp } from './http.ts'
import { makeAuthority, type Authority } from '../test/certificates.ts'
import { realProxy } from '../test/real-proxy.ts'
import { recordingServer } from '../test/recording-server.ts'

let authority: Authority
beforeAll(() => (authority = makeAuthority()))
afterAll(() => authority[Symbol.dispose]())

const Options = z.object(httpShape('https://example.com/'))
const neverAborted = new AbortController().signal

function httpTo(endpoint: string, settings: object) {
  const http = openHttp(Options.parse({ endpoint, timeout: '10s', ...settings }))
  const post = (text = 'hello') => http.post({}, Buffer.from(text), neverAborted)
  return Object.assign(http, { send: post })
}

// Names that only the proxy knows: what arrives has come through it.
const PLAIN = 'http://metrics.test/write?q=1'
const SECURE = 'https://metrics.test:8443/write'

function tunnelled() {
  return recordingServer(authority.issue('DNS:metrics.test'))
}

test('a request of http goes through the proxy in absolute form, with Basic authentication for the proxy alone', async () => {
  await using server = await recordingServer()
  await using proxy = await realProxy({ leadsTo: server.port, credentials: 'me:p@ss' })
  using http = httpTo(PLAIN, { proxyUrl: proxy.urlFor('me:p%40ss'), token: 'for-the-server' })
  expect(await http.send('over')).toMatchObject({ status: 204 })
  expect(proxy.asked).toEqual([`POST ${PLAIN}`])
  const [heard] = server.heard
  expect(heard?.body).toBe('over')
  expect(heard?.request.url).toBe('/write?q=1')
  expect(heard?.request.headers).toMatchObject({
    host: 'metrics.test',
    authorization: 'Bearer for-the-server',
  })
})

test('requests of https go through one tunnel, and the certificate is that of the server', async () => {
  await using server = await tunnelled()
  await using proxy = await realProxy({ leadsTo: server.port, credentials: 'me:p@ss' })
  const settings = { proxyUrl: proxy.urlFor('me:p%40ss'), tls: { caFile: authority.caFile } }
  using http = httpTo(SECURE, settings)
  for (const text of ['1', '2', '3']) expect(await http.send(text)).toMatchObject({ status: 204 })
  expect(proxy.asked).toEqual(['CONNECT metrics.test:8443'])
  expect(server.heard.map(({ body }) => body)).toEqual(['1', '2', '3'])
  expect(server.connections()).toBe(1)
})

test.for([PLAIN, SECURE])(
  'what a server behind a proxy heard and did not answer may have arrived: %s',
  async endpoint => {
    const tls = endpoint === PLAIN ? {} : { caFile: authority.caFile }
    const pair = endpoint === PLAIN ? undefined : authority.issue('DNS:metrics.test')
    await using server = await recordingServer(pair, request => request.socket.destroy())
    await using proxy = await realProxy({ leadsTo: server.port })
    using http = httpTo(endpoint, { proxyUrl: proxy.url, tls, timeout: '1s' })
    const answer = await http.send('heard')
    expect(server.heard.map(({ body }) => body)).toEqual(['heard'])
    expect(answer).toMatchObject({ fault: expect.any(String), isUnanswered: true })
  },
)

test('a server behind a proxy is not trusted more than one in front of it', async () => {
  await using server = await recordingServer(authority.issue('DNS:other.test'))
  await using proxy = await realProxy({ leadsTo: server.port })
  using http = httpTo(SECURE, { proxyUrl: proxy.url, tls: { caFile: authority.caFile } })
  expect(await http.send()).toMatchObject({ fault: 'tls', isUnanswered: false })
  expect(server.heard).toEqual([])
})

test.for([PLAIN, SECURE])(
  'a proxy of https is spoken to by TLS, if its own authority is known: to %s',
  async endpoint => {
    await using server = endpoint === PLAIN ? await recordingServer() : await tunnelled()
    const pair = authority.issue('IP:127.0.0.1')
    await using proxy = await realProxy({ leadsTo: server.port, pair, credentials: 'me:p@ss' })
    const tls = endpoint === PLAIN ? {} : { caFile: authority.caFile }
    const settings = { proxyUrl: proxy.urlFor('me:p%40ss'), tls }
    const wellKnown = getCACertificates('default')
    setDefaultCACertificates([...wellKnown, authority.ca])
    try {
      using http = httpTo(endpoint, settings)
      expect(await http.send('1')).toMatchObject({ status: 204 })
      expect(await http.send('2')).toMatchObject({ status: 204 })
    } finally {
      setDefaultCACertificates(wellKnown)
    }
    using strange = httpTo(endpoint, settings)
    expect(await strange.send('3')).toMatchObject({ fault: 'tls' })
    expect(server.heard.map(({ body }) => body)).toEqual(['1', '2'])
  },
)

describe('what goes wrong at the proxy is its fault, may pass, and shows no password', () => {
  test.for([PLAIN, SECURE])('with wrong credentials, to %s', async endpoint => {
    await using server = endpoint === PLAIN ? await recordingServer() : await tunnelled()
    await using proxy = await realProxy({ leadsTo: server.port, credentials: 'me:right' })
    const tls = endpoint === PLAIN ? {} : { caFile: authority.caFile }
    using http = httpTo(endpoint, { proxyUrl: proxy.urlFor('me:hunter2'), tls })
    const answer = await http.send()
    expect(answer).toMatchObject({ fault: 'proxy', text: expect.stringContaining('407') })
    expect(answer.text).not.toContain('hunter2')
    expect(answer.text).not.toContain(Buffer.from('me:hunter2').toString('base64'))
    expect(server.heard).toEqual([])
  })

  test('with a proxy that does not reach the server', async () => {
    await using proxy = await realProxy({ leadsTo: 0, refusal: '502 Bad Gateway' })
    using http = httpTo(SECURE, { proxyUrl: proxy.urlFor('me:hunter2') })
    const answer = await http.send()
    expect(answer).toMatchObject({ fault: 'proxy', text: expect.stringContaining('502') })
    expect(answer.text).not.toContain('hunter2')
  })

  test('with a proxy that never answers', async () => {
    await using proxy = await realProxy({ leadsTo: 0, refusal: '' })
    using http = httpTo(SECURE, { proxyUrl: proxy.url, timeout: '100ms' })
    expect(await http.send()).toMatchObject({ fault: 'timeout' })
  })

  test('with a proxy that is not there', async () => {
    const proxy = await realProxy({ leadsTo: 0 })
    await proxy[Symbol.asyncDispose]()
    using http = httpTo(SECURE, { proxyUrl: proxy.urlFor('me:hunter2') })
    const answer = await http.send()
    expect(answer).toMatchObject({ fault: 'refused' })
    expect(answer.text).not.toContain('hunter2')
  })
})

describe('the proxy of the environment', () => {
  const both = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' }

  test.for<[string, Record<string, string>, string]>([
    ['https://a.test/', both, 'http://secure:1'],
    ['http://a.test/', both, 'http://plain:2'],
    ['https://a.test/', { HTTP_PROXY: 'http://plain:2' }, ''],
    ['http://a.test/', { HTTPS_PROXY: 'http://secure:1' }, ''],
    ['https://a.test/', { ...both, https_proxy: 'http://small:3' }, 'http://small:3'],
    ['https://a.test/', { HTTPS_PROXY: 'proxy.test:3128' }, 'http://proxy.test:3128'],
    ['https://a.test/', { HTTPS_PROXY: '' }, ''],
    ['https://a.test/', {}, ''],
    ['http://localhost:9090/', both, ''],
    ['http://127.1.2.3:9090/', both, ''],
    ['http://[::1]:9090/', both, ''],
  ])('for %s in %o is %s', ([endpoint, env, proxy]) => {
    expect(proxyOf(new URL(endpoint), env)).toBe(proxy)
  })

  // What Go's httpproxy does with each; curl agrees but for the leading dot, which it ignores.
  test.for<[string, string, 'direct' | 'proxy']>([
    ['*', 'https://a.test/', 'direct'],
    ['b.test, *', 'https://a.test/', 'direct'],
    ['a.test', 'https://a.test/', 'direct'],
    ['A.Test', 'https://a.TEST/', 'direct'],
    ['a.test', 'https://sub.a.test/', 'direct'],
    ['a.test', 'https://nota.test/', 'proxy'],
    ['.a.test', 'https://sub.a.test/', 'direct'],
    ['.a.test', 'https://a.test/', 'proxy'],
    ['*.a.test', 'https://sub.a.test/', 'direct'],
    ['*.a.test', 'https://a.test/', 'proxy'],
    ['a.test:8443', 'https://a.test:8443/', 'direct'],
    ['a.test:8443', 'https://a.test/', 'proxy'],
    ['a.test:443', 'https://a.test/', 'direct'],
    ['a.test:80', 'http://a.test/', 'direct'],
    ['.svc,.cluster.local', 'http://prometheus.monitoring.svc:9090/', 'direct'],
    ['10.0.0.0/8', 'http://10.1.2.3/', 'direct'],
    ['10.0.0.0/8', 'http://11.1.2.3/', 'proxy'],
    ['10.0.0.0/8', 'http://a.test/', 'proxy'],
    ['192.0.2.7', 'http://192.0.2.7/', 'direct'],
    ['192.0.2.7', 'http://192.0.2.70/', 'proxy'],
    ['192.0.2.7:81', 'http://192.0.2.7:81/', 'direct'],
    ['192.0.2.7:81', 'http://192.0.2.7/', 'proxy'],
    ['2001:db8::/32', 'http://[2001:db8:7::1]/', 'direct'],
    ['2001:db8::/32', 'http://[2001:db9::1]/', 'proxy'],
    ['2001:db8::1', 'http://[2001:db8:0::1]/', 'direct'],
    ['[2001:db8::1]:81', 'http://[2001:db8::1]:81/', 'direct'],
    ['b.test c.test,a.test', 'https://a.test/', 'direct'],
    [',, ,', 'https://a.test/', 'proxy'],
    ['10.0.0.0/99', 'http://10.0.0.1/', 'proxy'],
    ['', 'https://a.test/', 'proxy'],
  ])('with NO_PROXY=%s, %s goes %s', ([noProxy, endpoint, way]) => {
    const proxy = proxyOf(new URL(endpoint), { ...both, NO_PROXY: noProxy })
    expect(proxy === '' ? 'direct' : 'proxy').toBe(way)
    expect(proxyOf(new URL(endpoint), { ...both, no_proxy: noProxy })).toBe(proxy)
  })
})
