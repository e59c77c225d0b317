import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'

export type ProxyOptions = {
  /** `user:password` that it demands. */
  readonly credentials?: string
  /** Leads every name to this port on loopback: a proxy looks names up itself. */
  readonly leadsTo: number
  /** The status line with which it answers CONNECT instead of doing it; empty: it never answers. */
  readonly refusal?: string
}

/** A real HTTP proxy on loopback, for tunnels (CONNECT) and for requests in absolute form. */
export async function realProxy({ credentials, leadsTo, refusal }: ProxyOptions) {
  const asked: string[] = []
  const authorized = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
  const mayPass = ({ headers }: IncomingMessage) =>
    authorized === undefined || headers['proxy-authorization'] === authorized
  const sockets = new Set<Socket>()

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url = '', headers } = incoming
    asked.push(`${method} ${url}`)
    if (!mayPass(incoming)) return void outgoing.writeHead(407).end('who are you')
    const { 'proxy-authorization': _, 'proxy-connection': __, ...others } = headers
    const { pathname, search } = new URL(url)
    const target = { port: leadsTo, host: '127.0.0.1', path: `${pathname}${search}` }
    const onward = request({ ...target, method, headers: others }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  }

  function tunnel(incoming: IncomingMessage, client: Socket): void {
    asked.push(`CONNECT ${incoming.url}`)
    client.on('error', () => undefined)
    if (refusal === '') return
    if (!mayPass(incoming) || refusal !== undefined)
      return void client.end(`HTTP/1.1 ${refusal ?? '407 Proxy Authentication Required'}\r\n\r\n`)
    const server = connect(leadsTo, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      server.pipe(client).pipe(server)
    })
    server.on('error', () => client.destroy())
    server.on('close', () => client.destroy())
    client.on('close', () => server.destroy())
  }

  const proxy = createServer(forward).on('connect', tunnel)
  proxy.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** The same with a user name and a password. */
    urlFor: (userInfo: string) => `http://${userInfo}@127.0.0.1:${address.port}`,
    /** `CONNECT host:port` and `POST url`, in turn. */
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(closed => proxy.close(closed))
    },
  }
}
