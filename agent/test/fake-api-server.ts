import { once } from 'node:events'
import { createServer } from 'node:https'
import type { ServerResponse } from 'node:http'
import type { ApiServer } from '../attribute/api-server.ts'
import { makeApiCredentials } from './api-credentials.ts'

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
  /** From now on every request is answered so, until it is given nothing. */
  readonly answerAll: (answer?: (request: ApiRequest) => void) => void
  readonly setToken: (token: string) => void
}

/**
 * TLS and HTTP are real and on loopback; what is streamed, split, refused or kept silent is up to the
 * test. It stands in for the faults that a healthy API server does not show on demand.
 */
export async function fakeApiServer(): Promise<FakeApiServer> {
  const credentials = makeApiCredentials()
  const { key, cert, caFile } = credentials
  const tokenFile = credentials.tokenFile('token', 'first-token\n')

  const arrived: ApiRequest[] = []
  const awaited: ((request: ApiRequest) => void)[] = []
  let always: ((request: ApiRequest) => void) | undefined
  const server = createServer({ key, cert }, (incoming, response) => {
    const url = new URL(incoming.url ?? '', 'https://api')
    const { authorization } = incoming.headers
    const request = { path: url.pathname, query: url.searchParams, authorization, response }
    const take = awaited.shift()
    if (always) always(request)
    else if (take) take(request)
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
    answerAll: answer => {
      always = answer
    },
    comeBack: async () => void (await listen(port)),
    address: { url: `https://127.0.0.1:${port}`, tokenFile, caFile },
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
    setToken: token => void credentials.tokenFile('token', token),
    [Symbol.asyncDispose]: async () => {
      await close()
      credentials[Symbol.dispose]()
    },
  }
}
