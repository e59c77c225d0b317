import { once } from 'node:events'
import type { RequestOptions } from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { HttpOptions } from '../http/options.ts'

/**
 * A connection through the proxy to where `url` says; the proxy knows no more of it than that. Of a proxy
 * of https the certificate is checked by the well-known authorities: `tls` is about the receiver.
 */
export async function tunnelTo(
  url: URL,
  { proxyUrl }: Pick<HttpOptions, 'proxyUrl'>,
  signal: AbortSignal,
): Promise<Socket> {
  const proxy = new URL(proxyUrl)
  const isTls = proxy.protocol === 'https:'
  const { host, port } = placeOf(proxy)
  const target = `${url.hostname}:${placeOf(url).port}`
  // Megabytes, for https only.
  const { request } = isTls ? await import('node:https') : await import('node:http')
  const asking = request({
    host,
    // Not the name in the header, which is the receiver's.
    servername: isIP(host) === 0 ? host : '',
    port,
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...authorizationOf(proxy) },
    agent: false,
    signal,
  } satisfies RequestOptions)
  // `once` listens up to the answer only; a later error without a listener ends the process.
  asking.on('error', () => undefined)
  const answered = once(asking, 'connect')
  asking.end()
  const [answer, socket, begun] = await answered
  if (answer.statusCode === 200) {
    // Without TLS the receiver speaks first, and may have done so already.
    if (begun.length > 0) socket.unshift(begun)
    return socket
  }
  socket.destroy()
  const message = `the proxy refuses: ${answer.statusCode}`
  throw Object.assign(new Error(message), { code: 'ERR_PROXY_TUNNEL' })
}

/** Where to connect to. */
export function placeOf({ hostname, port, protocol }: URL): {
  readonly host: string
  readonly port: number
} {
  const host = hostname.replaceAll(/[[\]]/g, '')
  return { host, port: Number(port || (protocol === 'https:' ? 443 : 80)) }
}

function authorizationOf({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '') return {}
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }
}
