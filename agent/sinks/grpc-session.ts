import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { isSame } from './http-connections.ts'
import type { HttpOptions } from './http-options.ts'
import type { TlsFiles } from './http-tls.ts'

/** A connection of HTTP/2 that is kept, and made anew when it has ended or the files of TLS have changed. */
export type Session = Disposable & {
  /** Throws `FileFault`. A connection that cannot be made is told by its first request. */
  readonly current: (signal: AbortSignal) => Promise<ClientHttp2Session>
  /** The next call makes a new one. */
  readonly forget: () => void
}

export function openSession(url: URL, options: HttpOptions): Session {
  const isTls = url.protocol === 'https:'
  let kept: { readonly session: ClientHttp2Session; readonly files: TlsFiles } | undefined

  function forget(): void {
    kept?.session.destroy()
    kept = undefined
  }

  async function connected(files: TlsFiles, tls: object, signal: AbortSignal) {
    const tunnel = options.proxyUrl === '' ? undefined : await tunnelTo(url, options, signal)
    const through = tunnel && (isTls ? { socket: tunnel } : { createConnection: () => tunnel })
    const session = connect(url.origin, { ...tls, ...through })
    // Its requests tell; without a listener it would end the process.
    session.on('error', () => undefined)
    kept = { session, files }
    return session
  }

  return {
    current: async signal => {
      // Megabytes, for https only.
      const tls = isTls ? await import('./http-tls.ts') : undefined
      const files = tls?.readTlsFiles(options.tls) ?? {}
      const isUsable = kept && !kept.session.closed && !kept.session.destroyed
      if (kept && isUsable && isSame(kept.files, files)) return kept.session
      forget()
      return connected(files, tls?.tlsOptions(files, options.tls) ?? {}, signal)
    },
    forget,
    [Symbol.dispose]: forget,
  }
}

/** A connection through the proxy, which knows no more of it than where it goes. */
async function tunnelTo(url: URL, { proxyUrl }: HttpOptions, signal: AbortSignal): Promise<Socket> {
  const proxy = new URL(proxyUrl)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const { username, password } = proxy
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const asking = request({
    host: proxy.hostname.replaceAll(/[[\]]/g, ''),
    port: proxy.port || '80',
    method: 'CONNECT',
    path: `${url.hostname}:${port}`,
    ...(username !== '' && {
      headers: { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` },
    }),
    agent: false,
    signal,
  })
  asking.on('error', () => undefined)
  const answered = once(asking, 'connect')
  asking.end()
  const [answer, socket] = await answered
  if (answer.statusCode === 200) return socket
  socket.destroy()
  throw Object.assign(new Error(`the proxy refuses: ${answer.statusCode}`), {
    code: 'ERR_PROXY_TUNNEL',
  })
}
