import { expect, test } from 'vitest'
import { z } from 'zod'
import { httpShape } from './options.ts'
import { openHttp } from './http.ts'
import { twoAuthorities } from '../test/authorities.ts'
import { mountSecret } from '../test/mounted-secret.ts'
import { recordingServer } from '../test/recording-server.ts'

const { authority, another, ofLoopback, ofClient } = twoAuthorities()

const Options = z.object(httpShape('https://example.com/'))
const neverAborted = new AbortController().signal

function httpTo(endpoint: string, tls: object, settings: object = {}) {
  const http = openHttp(Options.parse({ endpoint, tls, timeout: '10s', ...settings }))
  const post = (text = 'hello') => http.post({}, Buffer.from(text), neverAborted)
  return Object.assign(http, { send: post })
}

test('a server whose certificate is of an own CA is trusted by that CA, and by it alone', async () => {
  await using server = await recordingServer(ofLoopback)
  using trusting = httpTo(server.url, { caFile: authority.caFile })
  expect(await trusting.send('first')).toMatchObject({ status: 204 })
  using strange = httpTo(server.url, { caFile: another.caFile })
  expect(await strange.send()).toMatchObject({ fault: 'tls' })
  using plain = httpTo(server.url, {})
  expect(await plain.send()).toMatchObject({ fault: 'tls' })
  expect(server.heard.map(({ body }) => body)).toEqual(['first'])
})

test('a client certificate is shown to the server that demands it', async () => {
  const demands = { ca: authority.ca, requestCert: true, rejectUnauthorized: true }
  await using server = await recordingServer({ ...ofLoopback, ...demands })
  const { certFile, keyFile } = ofClient
  using known = httpTo(server.url, { caFile: authority.caFile, certFile, keyFile })
  expect(await known.send()).toMatchObject({ status: 204 })
  expect(server.heard).toMatchObject([{ client: 'number 2' }])
  using unknown = httpTo(server.url, { caFile: authority.caFile })
  const answer = await unknown.send()
  expect(answer).toHaveProperty('fault')
  expect(server.heard).toHaveLength(1)
})

test('a certificate that is over is a fault of TLS that says so', async () => {
  await using server = await recordingServer(authority.issue('IP:127.0.0.1', 'long ago'))
  using http = httpTo(server.url, { caFile: authority.caFile })
  expect(await http.send()).toMatchObject({
    fault: 'tls',
    text: expect.stringContaining('certificate has expired'),
  })
})

test('a certificate for another name is refused, unless serverName is that name; the server is told it', async () => {
  await using server = await recordingServer(authority.issue('DNS:metrics.example'))
  using wrong = httpTo(server.url, { caFile: authority.caFile })
  expect(await wrong.send()).toMatchObject({ fault: 'tls' })
  using right = httpTo(server.url, { caFile: authority.caFile, serverName: 'metrics.example' })
  expect(await right.send()).toMatchObject({ status: 204 })
  expect(server.heard).toMatchObject([{ serverName: 'metrics.example' }])
})

test('insecureSkipVerify takes a certificate of anybody, for anything, at any time', async () => {
  await using server = await recordingServer(another.issue('DNS:elsewhere.example', 'long ago'))
  using http = httpTo(server.url, { insecureSkipVerify: true })
  expect(await http.send()).toMatchObject({ status: 204 })
})

test('a CA that is replaced is trusted from the next request on, without a restart', async () => {
  await using server = await recordingServer(ofLoopback)
  using secret = mountSecret({ 'ca.crt': authority.ca })
  using http = httpTo(server.url, { caFile: secret.file('ca.crt') })
  expect(await http.send()).toMatchObject({ status: 204 })
  secret.update({ 'ca.crt': another.ca })
  expect(await http.send()).toMatchObject({ fault: 'tls' })
  server.setTls(another.issue('IP:127.0.0.1'))
  expect(await http.send()).toMatchObject({ status: 204 })
  expect(await http.send()).toMatchObject({ status: 204 })
  expect(server.heard).toHaveLength(3)
})

test('a client certificate that is replaced is shown from the next request on; one under way ends in peace', async () => {
  const demands = { ca: authority.ca, requestCert: true, rejectUnauthorized: true }
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let answers = 0
  await using server = await recordingServer({ ...ofLoopback, ...demands }, (_, response) => {
    answers += 1
    if (answers === 1) void released.then(() => response.writeHead(200).end('slow'))
    else response.writeHead(204).end()
  })
  const renewed = authority.issue('DNS:client.example')
  using secret = mountSecret({ 'tls.crt': ofClient.cert, 'tls.key': ofClient.key })
  const files = { certFile: secret.file('tls.crt'), keyFile: secret.file('tls.key') }
  using http = httpTo(server.url, { caFile: authority.caFile, ...files })
  const slow = http.send('slow')
  await expect.poll(() => server.heard.length).toBe(1)
  secret.update({ 'tls.crt': renewed.cert, 'tls.key': renewed.key })
  expect(await http.send()).toMatchObject({ status: 204 })
  release()
  expect(await slow).toMatchObject({ status: 200, text: 'slow' })
  const [first, second] = server.heard.map(({ client }) => client)
  expect(first).toBe('number 2')
  expect(second).not.toBe(first)
  expect(server.connections()).toBe(2)
})

test.for([
  ['caFile', 'ca_file', 'no PEM at all', 'holds no certificate in PEM'],
  ['certFile', 'cert_file', '', 'holds no certificate in PEM'],
  ['keyFile', 'key_file', 'no PEM at all', 'holds no key in PEM'],
] as const)(
  'a %s that is gone or damaged is a fault with the reason %s, and over once it is mended',
  async ([setting, fault, damage, says]) => {
    await using server = await recordingServer(ofLoopback)
    const good = { caFile: authority.ca, certFile: ofClient.cert, keyFile: ofClient.key }
    using secret = mountSecret(good)
    const tls = Object.fromEntries(Object.keys(good).map(name => [name, secret.file(name)]))
    using http = httpTo(server.url, tls)
    secret.update({ ...good, [setting]: damage })
    expect(await http.send()).toMatchObject({ fault, text: expect.stringContaining(says) })
    const { [setting]: _, ...others } = good
    secret.update(others)
    const gone = await http.send()
    expect(gone).toMatchObject({ fault, text: expect.stringContaining('ENOENT') })
    expect(gone.text).toContain(`tls.${setting}: cannot read ${secret.file(setting)}`)
    secret.update(good)
    expect(await http.send()).toMatchObject({ status: 204 })
  },
)

test('a certificate whose key has not come yet is a fault that passes', async () => {
  await using server = await recordingServer(ofLoopback)
  using secret = mountSecret({ 'tls.crt': ofClient.cert, 'tls.key': ofLoopback.key })
  const files = { certFile: secret.file('tls.crt'), keyFile: secret.file('tls.key') }
  using http = httpTo(server.url, { caFile: authority.caFile, ...files })
  expect(await http.send()).toMatchObject({
    fault: 'key_file',
    text: expect.stringContaining('is not the key of the certificate'),
  })
  secret.update({ 'tls.crt': ofClient.cert, 'tls.key': ofClient.key })
  expect(await http.send()).toMatchObject({ status: 204 })
})

test('many requests share one connection while nothing changes, over TLS too', async () => {
  await using server = await recordingServer(ofLoopback)
  using secret = mountSecret({ ca: authority.ca })
  using http = httpTo(server.url, { caFile: secret.file('ca') })
  for (const text of ['1', '2', '3', '4', '5']) await http.send(text)
  // A new version of the same files is no change.
  secret.update({ ca: authority.ca })
  await http.send('6')
  expect(server.heard.map(({ body }) => body).join('')).toBe('123456')
  expect(server.connections()).toBe(1)
})
