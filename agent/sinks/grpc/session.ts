import { connect, type ClientHttp2Session } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { placeOf, tunnelTo } from './tunnel.ts'
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
  readonly opening: Promise<Connected>
  /** Absent: the proxy has not answered yet. */
  connected?: Connected
}

type Connected = { readonly session: ClientHttp2Session; readonly socket: Socket }

export function openSession(url: URL, options: HttpOptions): Session {
  const isTls = url.protocol === 'https:'
  let kept: Kept | undefined

  async function connected(tls: object, signal: AbortSignal): Promise<Connected> {
    const tunnel = options.proxyUrl === '' ? undefined : await tunnelTo(url, options, signal)
    const socket = tunnel ?? (await connectedTo(url, tls))
    const through = isTls && tunnel ? { socket } : { createConnection: () => socket }
    const session = connect(url.origin, { ...tls, ...through })
    // Its requests tell; without a listener it would end the process.
    session.on('error', () => undefined)
    return { session, socket }
  }

  /** Others that come meanwhile wait for the same one. */
  async function open(files: TlsFiles, tls: object, signal: AbortSignal) {
    const mine: Kept = { files, opening: connected(tls, signal) }
    kept = mine
    try {
      mine.connected = await mine.opening
      // It was forgotten while the proxy took its time.
      if (kept !== mine) end(mine.connected)
      return mine.connected.session
    } catch (error) {
      if (kept === mine) kept = undefined
      throw error
    }
  }

  function forget(): void {
    if (kept?.connected) end(kept.connected)
    kept = undefined
  }

  return {
    current: async signal => {
      // Megabytes, for https only.
      const tls = isTls ? await import('../http/tls.ts') : undefined
      const files = tls?.readTlsFiles(options.tls) ?? {}
      const former = kept
      if (former && isUsable(former) && isSame(former.files, files))
        return (await former.opening).session
      // Requests under way end in peace.
      former?.connected?.session.close()
      return open(files, tls?.tlsOptions(files, options.tls) ?? {}, signal)
    },
    forget,
    [Symbol.dispose]: forget,
  }
}

/** As node:http2 does it; here, so that there is something to end while nobody answers. */
async function connectedTo(url: URL, tls: object): Promise<Socket> {
  const place = placeOf(url)
  if (url.protocol === 'http:') return connectTcp(place)
  const { connect: connectTls } = await import('node:tls')
  return connectTls({ ...place, ALPNProtocols: ['h2'], ...tls })
}

/** A session leaves alone a connection that nobody has answered yet. */
function end({ session, socket }: Connected): void {
  session.destroy()
  socket.destroy()
}

function isUsable({ connected }: Kept): boolean {
  return !connected || !(connected.session.closed || connected.session.destroyed)
}
