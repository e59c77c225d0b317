import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiServer } from '../attribute/api-server.ts'

/** One request that the server got and that the test answers. */
export type ApiRequest = {
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly response: ServerResponse
}

export type FakeApiServer = AsyncDisposable & {
  /** What a client needs to trust it. */
  readonly address: ApiServer
  /** The next request, in the order of arrival; fails after 10 s without one. */
  readonly next: () => Promise<ApiRequest>
  /** Connections end and new ones are refused, until it comes back at the same address. */
  readonly goAway: () => Promise<void>
  readonly comeBack: () => Promise<void>
  readonly setToken: (token: string) => void
}

/**
 * TLS and HTTP are real and on loopback; what is streamed, split, refused or kept silent is up to the
 * test. It stands in for the faults that a healthy API server does not show on demand.
 */
export async function fakeApiServer(): Promise<FakeApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-api-'))
  const file = (name: string) => join(folder, name)
  makeCertificate(file('key.pem'), file('ca.crt'))
  writeFileSync(file('token'), 'first-token\n')

  const arrived: ApiRequest[] = []
  const awaited: ((request: ApiRequest) => void)[] = []
  const credentials = { key: readFileSync(file('key.pem')), cert: readFileSync(file('ca.crt')) }
  const server = createServer(credentials, (incoming, response) => {
    const url = new URL(incoming.url ?? '', 'https://api')
    const { authorization } = incoming.headers
    const request = { path: url.pathname, query: url.searchParams, authorization, response }
    const take = awaited.shift()
    if (take) take(request)
    else arrived.push(request)
  })
  async function listen(at: number): Promise<number> {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : at
  }
  async function close(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  const port = await listen(0)

  return {
    goAway: close,
    comeBack: async () => void (await listen(port)),
    address: {
      url: `https://127.0.0.1:${port}`,
      tokenFile: file('token'),
      caFile: file('ca.crt'),
    },
    next: () => {
      const request = arrived.shift()
      if (request) return Promise.resolve(request)
      const { promise, resolve, reject } = Promise.withResolvers<ApiRequest>()
      const deadline = setTimeout(() => reject(new Error('no request within 10 s')), 10_000)
      awaited.push(next => {
        clearTimeout(deadline)
        resolve(next)
      })
      return promise
    },
    setToken: token => writeFileSync(file('token'), token),
    [Symbol.asyncDispose]: async () => {
      await close()
      rmSync(folder, { recursive: true })
    },
  }
}

function makeCertificate(keyFile: string, certificateFile: string): void {
  const subject = ['-subj', '/CN=podatlas test', '-addext', 'subjectAltName=IP:127.0.0.1']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', keyFile, '-out', certificateFile]
  execFileSync('openssl', ['req', '-x509', '-days', '1', ...key, ...subject, ...files], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}
