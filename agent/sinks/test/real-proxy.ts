import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Pair } from './certificates.ts'

export type ProxyOptions = {
  /** `user:password` that it demands. */
  readonly credentials?: string
  /** Leads every name to this port on loopback: a proxy looks names up itself. */
  readonly leadsTo: number
  /** The status line with which it answers CONNECT instead of doing it; empty: it never answers. */
  readonly refusal?: string
  /** Speaks TLS itself. */
  readonly pair?: Pair
  /** Says yes to CONNECT with the first words of the receiver, in one piece. */
  readonly isSlow?: boolean
}

/** What somebody says to be let in, as it came and in plain. */
function told({ headers: { 'proxy-authorization': said = '' } }: IncomingMessage): string {
  return `${said} ${Buffer.from(said.replace('Basic ', ''), 'base64').toString()}`
}

/** A real HTTP proxy on loopback, for tunnels (CONNECT) and for requests in absolute form. Refuses by repeating what it was told. */
export async function realProxy(options: ProxyOptions) {
  const { credentials, leadsTo, refusal, pair, isSlow = false } = options
  const asked: string[] = []
  const authorized = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
  const mayPass = ({ headers }: IncomingMessage) =>
    authorized === undefined || headers['proxy-authorization'] === authorized
  const sockets = new Set<Socket>()

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url = '', headers } = incoming
    asked.push(`${method} ${url}`)
    if (!mayPass(incoming)) return void outgoing.writeHead(407).end(`not ${told(incoming)}`)
    const { 'proxy-authorization': _, 'proxy-connection': __, ...others } = headers
    const { pathname, search } = new URL(url)
    const target = { port: leadsTo, host: '127.0.0.1', path: `${pathname}${search}` }
    const onward = request({ ...target, method, headers: others }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  }

  function tunnel(incoming: IncomingMessage, client: Socket): void {
    asked.push(`CONNECT ${incoming.url}`)
    client.on('error', () => undefined)
    if (refusal === '') return
    if (!mayPass(incoming) || refusal !== undefined)
      return void client.end(`HTTP/1.1 ${refusal ?? `407 Not ${told(incoming)}`}\r\n\r\n`)
    const established = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n')
    const server = connect(leadsTo, '127.0.0.1', () => {
      if (isSlow) {
        server.once('data', (begun: Buffer) => {
          client.write(Buffer.concat([established, begun]))
          server.pipe(client).pipe(server)
        })
        return
      }
      client.write(established)
      server.pipe(client).pipe(server)
    })
    server.on('error', () => client.destroy())
    server.on('close', () => client.destroy())
    client.on('close', () => server.destroy())
  }

  const proxy = pair ? createTlsServer(pair, forward) : createServer(forward)
  proxy.on('connect', tunnel)
  // A client that does not like our certificate is not an error of the test.
  proxy.on('tlsClientError', () => undefined)
  proxy.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  const protocol = pair ? 'https' : 'http'
  return {
    url: `${protocol}://127.0.0.1:${address.port}`,
    /** The same with a user name and a password. */
    urlFor: (userInfo: string) => `${protocol}://${userInfo}@127.0.0.1:${address.port}`,
    /** Connections to it, tunnels too. */
    open: () => sockets.size,
    /** `CONNECT host:port` and `POST url`, in turn. */
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(closed => proxy.close(closed))
    },
  }
}
