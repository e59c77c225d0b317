import { once } from 'node:events'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request, type OutgoingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { answerInTime } from './deadline.ts'
import { openConnections } from './connections.ts'
import { faultOf, onOneLine, reasonOf, type Fault } from './faults.ts'
import { readAuthorization, readHeaders } from './files.ts'
import type { HttpOptions, HttpTransport } from './options.ts'
import { redaction, shownUrl } from './redaction.ts'

/** What came back: an HTTP answer, or why there was none. Holds no secret. */
export type Answer = {
  /** Bytes that went out for it, head and body; TLS and TCP come on top. */
  readonly sentBytes: number
  /** Whether a request of it went out that nobody answered: the receiver may have that one. */
  readonly isUnanswered: boolean
} & (
  | {
      readonly status: number
      readonly headers: IncomingHttpHeaders
      /** The beginning of the body, on one line. */
      readonly text: string
      /** More of its beginning, up to 64 KiB, as it came: what is read out of it goes through `redact`. */
      readonly body: Buffer
      readonly redact: (text: string) => string
      /** The receiver's clock as it answered, ms since the epoch, if it said. */
      readonly serverMs?: number
    }
  | { readonly fault: Fault; readonly text: string }
)

export type Http = Disposable & {
  /** The URL for messages, without what may be a token in it. */
  readonly where: string
  /**
   * Posts once over a kept connection, with the headers and credentials of the settings beside `headers`.
   * Follows no redirect and never rejects.
   */
  readonly post: (
    headers: OutgoingHttpHeaders,
    body: Uint8Array,
    signal: AbortSignal,
  ) => Promise<Answer>
}

const TEXT_LENGTH = 512
// Past this a connection is cheaper to close than to read to its end.
const READ_BYTES = 65_536

/** One URL, the connections kept to it, and what every sink that speaks HTTP lets people set. */
export function openHttp(options: HttpOptions): Http {
  return openHttpWith(options, () => readAuthorization(options))
}

/** The same with other credentials. They are read anew for each request; that may throw `FileFault`. */
export function openHttpWith(
  options: HttpTransport,
  readCredentials: () => OutgoingHttpHeaders,
): Http {
  const url = new URL(options.endpoint)
  const where = shownUrl(url)
  const connections = openConnections(url, options)

  async function attempt(outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
    const credentials = readCredentials()
    const ofFiles = readHeaders(options)
    const headers = { ...options.headers, ...ofFiles, ...credentials, ...outgoing.headers }
    const redact = redaction(url, options, headers)
    using lease = await connections.lease()
    const { agent } = lease
    for (let isUnanswered = false; ; isUnanswered = true) {
      const sent = request(url, {
        method: 'POST',
        agent,
        headers,
        signal,
        // Of a tunnel through a proxy, which nothing else would end.
        timeout: options.timeout,
      })
      const count = bytesOf(sent)
      const hasGoneOut = departureOf(sent, url)
      let hasBegun = false
      sent.once('response', () => (hasBegun = true))
      try {
        const answer = await exchange(sent, outgoing.body)
        const text = onOneLine(redact(answer.body.toString()).slice(0, TEXT_LENGTH))
        if (answer.status === 407 && options.proxyUrl !== '')
          return {
            fault: 'proxy',
            text: `the proxy refuses: 407 ${text}`,
            sentBytes: count(),
            isUnanswered,
          }
        return { ...answer, text, redact, sentBytes: count(), isUnanswered }
      } catch (error) {
        // The server closed it while nothing was under way: no fault, and there may be more such connections.
        const fault = faultOf(error)
        if (sent.reusedSocket && fault === 'reset' && !hasBegun && !signal.aborted) continue
        const text = onOneLine(redact(reasonOf(error)))
        // What waits for a connection has been written as well, says a socket.
        const sentBytes = hasGoneOut() ? count() : 0
        return { fault, text, sentBytes, isUnanswered: isUnanswered || hasGoneOut() }
      }
    }
  }

  return {
    where,
    post: (headers, body, signal) => {
      const length = { 'content-length': body.byteLength }
      const outgoing = { headers: { ...headers, ...length }, body }
      return answerInTime({ where, timeoutMs: options.timeout, signal }, cut =>
        attempt(outgoing, cut),
      )
    },
    [Symbol.dispose]: () => connections[Symbol.dispose](),
  }
}

type Outgoing = { readonly headers: OutgoingHttpHeaders; readonly body: Uint8Array }

/** Counts what goes out for one request over a connection that had others before. */
function bytesOf(outgoing: ClientRequest): () => number {
  let before = 0
  outgoing.once('socket', socket => (before = socket.bytesWritten))
  return () => Math.max(0, (outgoing.socket?.bytesWritten ?? before) - before)
}

/** Whether there was a connection for it, so that the other end may have it. */
function departureOf(outgoing: ClientRequest, { protocol }: URL): () => boolean {
  let hasGoneOut = false
  const depart = () => (hasGoneOut = true)
  const isTls = protocol === 'https:'
  outgoing.once('socket', socket => {
    const isReady = isTls ? isSecured(socket) : !socket.connecting
    if (outgoing.reusedSocket || isReady) depart()
    else socket.once(isTls ? 'secureConnect' : 'connect', depart)
  })
  return () => hasGoneOut
}

/** One through a proxy is, before the request gets it. */
function isSecured(socket: Socket): boolean {
  if (!('getFinished' in socket) || typeof socket.getFinished !== 'function') return false
  // What a client says last before it speaks.
  return socket.getFinished() !== undefined
}

async function exchange(outgoing: ClientRequest, body: Uint8Array) {
  // `once` listens up to the answer only; a later error without a listener ends the process.
  outgoing.on('error', () => undefined)
  const answered = once(outgoing, 'response')
  outgoing.end(body)
  const [incoming]: IncomingMessage[] = await answered
  if (!incoming) throw new Error('no answer')
  const received = await read(incoming)
  const { statusCode: status = 0, headers } = incoming
  const serverMs = Date.parse(headers.date ?? '')
  return { status, headers, body: received, ...(!Number.isNaN(serverMs) && { serverMs }) }
}

/** The beginning of the body. */
async function read(incoming: IncomingMessage): Promise<Buffer> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    const piece: Buffer = chunk
    kept.push(piece)
    bytes += piece.length
    if (bytes > READ_BYTES) break
  }
  return Buffer.concat(kept).subarray(0, READ_BYTES)
}
