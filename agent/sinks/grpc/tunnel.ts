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
  const target = `${url.hostname}:${placeOf(url).port}`
  // Megabytes, for https only.
  const { request } = isTls ? await import('node:https') : await import('node:http')
  const asking = request({
    // With the name of the proxy: that in the header is the receiver's.
    ...placeOf(proxy),
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

/** Where to connect to, and the name that TLS asks for: an address is none. */
export function placeOf({ hostname, port, protocol }: URL): {
  readonly host: string
  readonly port: number
  readonly servername: string
} {
  const host = hostname.replaceAll(/[[\]]/g, '')
  const servername = isIP(host) === 0 ? host : ''
  return { host, port: Number(port || (protocol === 'https:' ? 443 : 80)), servername }
}

function authorizationOf({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '') return {}
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }
}
