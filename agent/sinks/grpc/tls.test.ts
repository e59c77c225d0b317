import { once } from 'node:events'
import { createServer } from 'node:tls'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openGrpc } from './grpc.ts'
import { httpShape } from '../http/options.ts'
import { twoAuthorities } from '../test/authorities.ts'
import { grpcServer, METHOD } from '../test/grpc-server.ts'
import { mountSecret } from '../test/mounted-secret.ts'
import { recordingServer } from '../test/recording-server.ts'

// Who listens is @grpc/grpc-js, which knows nothing of our own side of gRPC.

const { authority, another, ofLoopback, ofClient } = twoAuthorities()

const Options = z.object(httpShape('https://example.com/'))
const neverAborted = new AbortController().signal

function grpcTo(endpoint: string, tls: object, settings: object = {}) {
  const options = Options.parse({ endpoint, tls, timeout: '10s', ...settings })
  const grpc = openGrpc(options, 'podatlas/1.2.3')
  const send = (text = 'hello') => grpc.call(METHOD, Buffer.from(text), false, neverAborted)
  return Object.assign(grpc, { send })
}

test('a server whose certificate is of an own CA is trusted by that CA, and by it alone', async () => {
  await using server = await grpcServer({ pair: ofLoopback })
  using trusting = grpcTo(server.url, { caFile: authority.caFile })
  expect(await trusting.send('first')).toMatchObject({ status: 'ok', body: Buffer.from('taken') })
  using strange = grpcTo(server.url, { caFile: another.caFile })
  expect(await strange.send()).toMatchObject({ fault: 'tls' })
  using plain = grpcTo(server.url, {})
  expect(await plain.send()).toMatchObject({
    fault: 'tls',
    text: expect.stringMatching(/^no answer from https:\S+: .*certificate/),
  })
  expect(server.heard.map(({ message }) => message)).toEqual(['first'])
})

test('a client certificate is shown to the server that demands it', async () => {
  await using server = await grpcServer({ pair: ofLoopback, clientCa: authority.ca })
  const { certFile, keyFile } = ofClient
  using known = grpcTo(server.url, { caFile: authority.caFile, certFile, keyFile })
  expect(await known.send()).toMatchObject({ status: 'ok' })
  expect(server.heard).toMatchObject([{ client: 'number 2' }])
  using unknown = grpcTo(server.url, { caFile: authority.caFile })
  expect(await unknown.send()).toHaveProperty('fault')
  expect(server.heard).toHaveLength(1)
})

test('a certificate that is over is a fault of TLS that says so', async () => {
  await using server = await grpcServer({ pair: authority.issue('IP:127.0.0.1', 'long ago') })
  using grpc = grpcTo(server.url, { caFile: authority.caFile })
  expect(await grpc.send()).toMatchObject({
    fault: 'tls',
    text: expect.stringContaining('certificate has expired'),
  })
})

test('a certificate for another name is refused, unless serverName is that name', async () => {
  await using server = await grpcServer({ pair: authority.issue('DNS:metrics.example') })
  using wrong = grpcTo(server.url, { caFile: authority.caFile })
  expect(await wrong.send()).toMatchObject({ fault: 'tls' })
  using right = grpcTo(server.url, { caFile: authority.caFile, serverName: 'metrics.example' })
  expect(await right.send()).toMatchObject({ status: 'ok' })
})

test('the server is told the name that is expected of it, and that gRPC is meant', async () => {
  const { promise: greeting, resolve: greeted } = Promise.withResolvers<unknown>()
  const server = createServer({ ...ofLoopback, ALPNProtocols: ['h2', 'http/1.1'] }, socket => {
    greeted({
      serverName: 'servername' in socket && socket.servername,
      speaks: socket.alpnProtocol,
    })
    socket.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  const tls = { insecureSkipVerify: true, serverName: 'metrics.example' }
  using grpc = grpcTo(`https://127.0.0.1:${address.port}`, tls)
  expect(await grpc.send()).toHaveProperty('fault')
  expect(await greeting).toEqual({ serverName: 'metrics.example', speaks: 'h2' })
  await new Promise(closed => server.close(closed))
})

test('insecureSkipVerify takes a certificate of anybody, for anything, at any time', async () => {
  const pair = another.issue('DNS:elsewhere.example', 'long ago')
  await using server = await grpcServer({ pair })
  using grpc = grpcTo(server.url, { insecureSkipVerify: true })
  expect(await grpc.send()).toMatchObject({ status: 'ok' })
})

test('a server of TLS that speaks no gRPC is a fault', async () => {
  await using server = await recordingServer(ofLoopback)
  using grpc = grpcTo(new URL(server.url).origin, { caFile: authority.caFile })
  expect(await grpc.send()).toHaveProperty('fault')
  expect(server.heard).toEqual([])
})

test('a CA that is replaced is trusted from the next request on, without a restart', async () => {
  using secret = mountSecret({ 'ca.crt': authority.ca })
  const before = await grpcServer({ pair: ofLoopback })
  using grpc = grpcTo(before.url, { caFile: secret.file('ca.crt') })
  expect(await grpc.send()).toMatchObject({ status: 'ok' })
  secret.update({ 'ca.crt': another.ca })
  expect(await grpc.send()).toMatchObject({ fault: 'tls' })
  await before[Symbol.asyncDispose]()
  const pair = another.issue('IP:127.0.0.1')
  await using after = await grpcServer({ pair }, undefined, before.port)
  expect(await grpc.send()).toMatchObject({ status: 'ok' })
  expect(await grpc.send()).toMatchObject({ status: 'ok' })
  expect(after.heard).toHaveLength(2)
  expect(after.connections()).toBe(1)
})

test('a client certificate that is replaced is shown from the next request on; one under way ends in peace', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<string>()
  const answer = ({ message }: { message: string }) =>
    message === 'slow' ? released : Promise.resolve('taken')
  await using server = await grpcServer({ pair: ofLoopback, clientCa: authority.ca }, answer)
  const renewed = authority.issue('DNS:client.example')
  using secret = mountSecret({ 'tls.crt': ofClient.cert, 'tls.key': ofClient.key })
  const files = { certFile: secret.file('tls.crt'), keyFile: secret.file('tls.key') }
  using grpc = grpcTo(server.url, { caFile: authority.caFile, ...files })
  const slow = grpc.send('slow')
  await expect.poll(() => server.heard.length).toBe(1)
  secret.update({ 'tls.crt': renewed.cert, 'tls.key': renewed.key })
  expect(await grpc.send()).toMatchObject({ status: 'ok' })
  release('at last')
  expect(await slow).toMatchObject({ status: 'ok', body: Buffer.from('at last') })
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
    await using server = await grpcServer({ pair: ofLoopback })
    const good = { caFile: authority.ca, certFile: ofClient.cert, keyFile: ofClient.key }
    using secret = mountSecret(good)
    const tls = Object.fromEntries(Object.keys(good).map(name => [name, secret.file(name)]))
    using grpc = grpcTo(server.url, tls)
    secret.update({ ...good, [setting]: damage })
    expect(await grpc.send()).toMatchObject({ fault, text: expect.stringContaining(says) })
    const { [setting]: _, ...others } = good
    secret.update(others)
    const gone = await grpc.send()
    expect(gone).toMatchObject({ fault, text: expect.stringContaining('ENOENT') })
    expect(gone.text).toContain(`tls.${setting}: cannot read ${secret.file(setting)}`)
    secret.update(good)
    expect(await grpc.send()).toMatchObject({ status: 'ok' })
  },
)

test('requests in turn and in parallel share one connection while nothing changes', async () => {
  await using server = await grpcServer({ pair: ofLoopback })
  using secret = mountSecret({ ca: authority.ca })
  using grpc = grpcTo(server.url, { caFile: secret.file('ca') })
  await Promise.all(['1', '2', '3', '4'].map(text => grpc.send(text)))
  await grpc.send('5')
  // A new version of the same files is no change.
  secret.update({ ca: authority.ca })
  await grpc.send('6')
  expect(
    server.heard
      .map(({ message }) => message)
      .toSorted()
      .join(''),
  ).toBe('123456')
  expect(server.connections()).toBe(1)
})

test('a header from a file that is replaced is sent from the next request on', async () => {
  await using server = await grpcServer({ pair: ofLoopback })
  using secret = mountSecret({ key: 'first' })
  const headerFiles = { 'Api-Key': secret.file('key') }
  using grpc = grpcTo(server.url, { caFile: authority.caFile }, { headerFiles })
  await grpc.send()
  secret.update({ key: 'second' })
  await grpc.send()
  expect(server.heard.map(({ headers }) => headers['api-key'])).toEqual(['first', 'second'])
  expect(server.connections()).toBe(1)
})
