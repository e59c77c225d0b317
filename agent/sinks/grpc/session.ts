import { connect, type ClientHttp2Session } from 'node:http2'
import { tunnelTo } from './tunnel.ts'
import { isSame } from '../http/connections.ts'
import type { HttpOptions } from '../http/options.ts'
import type { TlsFiles } from '../http/tls.ts'

/** A connection of HTTP/2 that is kept, and made anew when it has ended or the files of TLS have changed. */
export type Session = Disposable & {
  /** Rejects with `FileFault`, or where a proxy leads nowhere. What else fails is told by the first request. */
  readonly current: (signal: AbortSignal) => Promise<ClientHttp2Session>
  /** The next call makes a new one; what is under way on this one ends. */
  readonly forget: () => void
}

type Kept = {
  readonly files: TlsFiles
  readonly opening: Promise<ClientHttp2Session>
  /** Absent: the proxy has not answered yet. */
  session?: ClientHttp2Session
}

export function openSession(url: URL, options: HttpOptions): Session {
  const isTls = url.protocol === 'https:'
  let kept: Kept | undefined

  async function connected(tls: object, signal: AbortSignal): Promise<ClientHttp2Session> {
    const tunnel = options.proxyUrl === '' ? undefined : await tunnelTo(url, options, signal)
    const through = tunnel && (isTls ? { socket: tunnel } : { createConnection: () => tunnel })
    const session = connect(url.origin, { ...tls, ...through })
    // Its requests tell; without a listener it would end the process.
    session.on('error', () => undefined)
    return session
  }

  /** Others that come meanwhile wait for the same one. */
  async function open(files: TlsFiles, tls: object, signal: AbortSignal) {
    const mine: Kept = { files, opening: connected(tls, signal) }
    kept = mine
    try {
      const session = await mine.opening
      mine.session = session
      // It was forgotten while the proxy took its time.
      if (kept !== mine) session.destroy()
      return session
    } catch (error) {
      if (kept === mine) kept = undefined
      throw error
    }
  }

  function forget(): void {
    kept?.session?.destroy()
    kept = undefined
  }

  return {
    current: async signal => {
      // Megabytes, for https only.
      const tls = isTls ? await import('../http/tls.ts') : undefined
      const files = tls?.readTlsFiles(options.tls) ?? {}
      const former = kept
      if (former && isUsable(former) && isSame(former.files, files)) return former.opening
      // Requests under way end in peace.
      former?.session?.close()
      return open(files, tls?.tlsOptions(files, options.tls) ?? {}, signal)
    },
    forget,
    [Symbol.dispose]: forget,
  }
}

function isUsable({ session }: Kept): boolean {
  return !session || !(session.closed || session.destroyed)
}
