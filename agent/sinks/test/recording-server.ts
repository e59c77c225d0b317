import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket, type TlsOptions } from 'node:tls'

export type Heard = {
  readonly request: IncomingMessage
  readonly body: string
  /** Common name of the client's certificate. */
  readonly client?: string
  /** The name that the client asked for in its TLS greeting. */
  readonly serverName?: string
}

/** A real HTTP(S) server on loopback that writes down what it hears, and answers 204 or as told. */
export async function recordingServer(tls?: TlsOptions, answer: RequestListener = always204) {
  const heard: Heard[] = []
  let connections = 0
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      heard.push({ request, body: Buffer.concat(chunks).toString(), ...secured(request.socket) })
      answer(request, response)
    })
  }
  const secure = tls && createTlsServer(tls, listener)
  const server = secure ?? createServer(listener)
  server.on('connection', () => (connections += 1))
  // A client that does not like our certificate is not an error of the test.
  server.on('tlsClientError', () => undefined)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  return {
    port: address.port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}/write`,
    heard,
    connections: () => connections,
    /** Shows another certificate to the next connections. */
    setTls: (next: TlsOptions) => secure?.setSecureContext(next),
    closeIdle: () => server.closeIdleConnections(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

function always204(_request: IncomingMessage, response: Parameters<RequestListener>[1]): void {
  response.writeHead(204).end()
}

function secured(socket: Socket): Pick<Heard, 'client' | 'serverName'> {
  if (!(socket instanceof TLSSocket)) return {}
  const { subject } = socket.getPeerCertificate()
  const serverName = 'servername' in socket ? socket.servername : undefined
  return {
    ...(subject?.CN !== undefined && { client: String(subject.CN) }),
    ...(typeof serverName === 'string' && { serverName }),
  }
}
