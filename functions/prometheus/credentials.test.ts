import { execFileSync } from 'node:child_process'
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { vector, startUpstream } from '../program/test/upstream.ts'
import { QueryError } from './answer.ts'
import { prometheusClient } from './query.ts'
import { openUpstream } from './upstream.ts'
import type { Upstream } from './upstream.ts'

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`

test('Basic credentials, tokens and headers are read again for each request', async () => {
  using folder = temporaryFolder()
  const file = (name: string, text: string) => {
    writeFileSync(join(folder.path, name), text)
    return join(folder.path, name)
  }
  const seen: unknown[] = []
  await using upstream = await startUpstream((request, response) => {
    seen.push([request.headers.authorization, request.headers['x-scope-orgid']])
    response.end(vector([]))
  })
  const ask = askOf({
    ...openUpstream(upstream.url),
    username: 'reader',
    passwordFile: file('password', 'first\n'),
    headers: { 'X-Scope-OrgID': 'team' },
  })
  await ask()
  file('password', 'second:s')
  await ask()
  expect(seen).toEqual([
    [basic('reader:first'), 'team'],
    [basic('reader:second:s'), 'team'],
  ])
  seen.length = 0
  const byToken = askOf({
    ...openUpstream(upstream.url),
    bearerTokenFile: file('token', 'a'),
    headerFiles: { 'X-Scope-OrgID': file('tenant', 'b\n') },
  })
  await byToken()
  file('token', 'c\n')
  await byToken()
  expect(seen).toEqual([
    ['Bearer a', 'b'],
    ['Bearer c', 'b'],
  ])
})

test('a file that is missing, empty or no line is an error that names it and holds no secret', async () => {
  using folder = temporaryFolder()
  const passwordFile = join(folder.path, 'password')
  const ask = askOf({ ...openUpstream('http://127.0.0.1:9'), username: 'u', passwordFile })
  const failures: string[] = []
  for (const text of [undefined, ' \n', 'hunter2\nhunter3']) {
    if (text !== undefined) writeFileSync(passwordFile, text)
    const error = await failureOf(ask())
    expect(error.reason).toBe('credentials')
    failures.push(error.message)
  }
  expect(failures).toEqual([
    `passwordFile: cannot read ${passwordFile} (ENOENT)`,
    `passwordFile: ${passwordFile} is empty`,
    `passwordFile: ${passwordFile} holds more than one line of text`,
  ])
})

test('wrong credentials are told as such', async () => {
  await using upstream = await startUpstream((_, response) => response.writeHead(401).end('secret'))
  const error = await failureOf(askOf(openUpstream(upstream.url))())
  expect(error.reason).toBe('unauthorized')
  expect(error.message).toContain('give the right credentials')
  expect(error.message).not.toContain('secret')
})

test('TLS: own authority, client certificate, server name; and new ones when they are rotated', async () => {
  using folder = temporaryFolder()
  const [first, second] = ['first', 'second'].map(name => makeCertificate(folder.path, name))
  if (!first || !second) throw new Error('there are no certificates')
  const { server, url, [Symbol.asyncDispose]: close } = await startTls(first)
  await using _ = { [Symbol.asyncDispose]: close }
  const caFile = join(folder.path, 'ca')
  const [certFile, keyFile] = [join(folder.path, 'client.crt'), join(folder.path, 'client.key')]
  const use = (own: typeof first, authority: typeof first) => {
    writeFileSync(caFile, authority.cert)
    writeFileSync(certFile, own.cert)
    writeFileSync(keyFile, own.key)
  }
  const upstream: Upstream = { ...openUpstream(url), caFile, certFile, keyFile }
  const ask = askOf(upstream)
  use(first, first)
  expect(await ask()).toEqual(['first'])
  use(second, first)
  expect(await ask()).toEqual(['second'])
  server.setSecureContext({ key: second.key, cert: second.cert, ca: [first.cert, second.cert] })
  server.closeAllConnections()
  expect((await failureOf(ask())).message).toContain('Are the certificates right (--ca-file')
  use(second, second)
  expect(await ask()).toEqual(['second'])

  const otherName = await failureOf(askOf({ ...upstream, serverName: 'other.example' })())
  expect(otherName.message).toMatch(/other\.example.*Are the certificates right/)
  expect(await askOf({ ...upstream, serverName: 'prometheus.example' })()).toEqual(['second'])
  writeFileSync(caFile, first.cert)
  expect(await askOf({ ...upstream, insecureSkipVerify: true })()).toEqual(['second'])
  writeFileSync(keyFile, 'no key')
  const broken = await failureOf(ask())
  expect(broken.message).toContain('caFile, certFile or keyFile: ')
})

/** Answers with one series, whose label says who asks by its certificate. */
async function startTls(own: { key: Buffer; cert: Buffer }) {
  const server: Server = createServer(
    { ...own, ca: [own.cert], requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const { socket } = request
      const names = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : ''
      response.end(vector([{ labels: { client: String(names) }, value: 1 }]))
    },
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    server,
    url: `https://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function askOf(upstream: Upstream) {
  const stop = new AbortController().signal
  const { ask } = prometheusClient({ upstream, timeoutMs: 5_000, stop })
  return async () => (await ask('up')).samples.map(({ labels }) => labels['client'])
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

function makeCertificate(folder: string, name: string) {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:prometheus.example']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-subj', `/CN=${name}`, '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', '-days', '1', ...kind, ...names, ...files], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

function temporaryFolder() {
  return mkdtempDisposableSync(join(tmpdir(), 'podatlas-credentials-'))
}
