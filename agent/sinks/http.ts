import { once } from 'node:events'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request, type OutgoingHttpHeaders } from 'node:http'
import { openConnections } from './http-connections.ts'
import { FileFault, readAuthorization, type FileReason } from './http-files.ts'
import type { HttpOptions } from './http-options.ts'
import { redaction } from './http-redaction.ts'

/** What came back: an HTTP answer, or why there was none. Holds no secret. */
export type Answer = {
  /** Bytes that went out for it, head and body; TLS and TCP come on top. */
  readonly sentBytes: number
} & (
  | {
      readonly status: number
      readonly headers: IncomingHttpHeaders
      /** The beginning of the body, on one line. */
      readonly text: string
      /** The receiver's clock as it answered, ms since the epoch, if it said. */
      readonly serverMs?: number
    }
  | { readonly fault: Fault; readonly text: string }
)

/** Few and stable: they become a metric label. Each may pass, so each deserves a retry. */
export type Fault =
  | 'timeout'
  | 'refused'
  | 'reset'
  | 'dns'
  | 'tls'
  | 'proxy'
  | 'network'
  | FileReason

export type Http = Disposable & {
  /** The URL for messages: its query may hold a token and is left out. */
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

const TEXT_BYTES = 512
// Codes of Node, and those of OpenSSL for certificates that do not convince.
const TLS_CODE =
  /^ERR_TLS|^ERR_SSL|^EPROTO|CERT|SIGN|CRL|^UNABLE_TO|^INVALID_|^PATH_LENGTH|^HOSTNAME/
// Past this a connection is cheaper to close than to read to its end.
const READ_BYTES = 65_536

/**
 * One URL, the connections kept to it, and what every sink that speaks HTTP lets people set. Credentials
 * are read anew for each request; `readCredentials` may throw `FileFault`.
 */
export function openHttp(
  options: HttpOptions,
  readCredentials: () => OutgoingHttpHeaders = () => readAuthorization(options),
): Http {
  const url = new URL(options.endpoint)
  const where = `${url.origin}${url.pathname}`
  const connections = openConnections(url, options)

  async function attempt(outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
    const credentials = readCredentials()
    const headers = { ...options.headers, ...credentials, ...outgoing.headers }
    const redact = redaction(url, options, headers)
    using lease = await connections.lease()
    const { agent } = lease
    for (;;) {
      const sent = request(url, {
        method: 'POST',
        agent,
        headers,
        signal,
        // Of a tunnel through a proxy, which nothing else would end.
        timeout: options.timeout,
      })
      const count = bytesOf(sent)
      let hasBegun = false
      sent.once('response', () => (hasBegun = true))
      try {
        const answer = await exchange(sent, outgoing.body)
        const text = onOneLine(redact(answer.text))
        if (answer.status === 407 && options.proxyUrl !== '')
          return { fault: 'proxy', text: `the proxy refuses: 407 ${text}`, sentBytes: count() }
        return { ...answer, text, sentBytes: count() }
      } catch (error) {
        // The server closed it while nothing was under way: no fault, and there may be more such connections.
        const fault = faultOf(error)
        if (sent.reusedSocket && fault === 'reset' && !hasBegun && !signal.aborted) continue
        return { fault, text: onOneLine(redact(messageOf(error))), sentBytes: count() }
      }
    }
  }

  return {
    where,
    post: async (headers, body, signal) => {
      // Not AbortSignal.any: each would hang on to the sink's own signal, which lives for months.
      const cut = new AbortController()
      const cutShort = () => cut.abort()
      signal.addEventListener('abort', cutShort)
      if (signal.aborted) cutShort()
      const deadline = setTimeout(() => cut.abort('timeout'), options.timeout)
      try {
        const length = { 'content-length': body.byteLength }
        const answer = await attempt({ headers: { ...headers, ...length }, body }, cut.signal)
        if ('status' in answer) return answer
        const isLate = cut.signal.reason === 'timeout'
        const text = isLate ? `nothing in ${options.timeout / 1_000} s` : answer.text
        const fault = isLate ? 'timeout' : answer.fault
        return { ...answer, fault, text: `no answer from ${where}: ${text}` }
      } catch (error) {
        if (!(error instanceof FileFault)) throw error
        return { fault: error.reason, text: `${error.setting}: ${error.message}`, sentBytes: 0 }
      } finally {
        clearTimeout(deadline)
        signal.removeEventListener('abort', cutShort)
      }
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

async function exchange(outgoing: ClientRequest, body: Uint8Array) {
  // `once` listens up to the answer only; a later error without a listener ends the process.
  outgoing.on('error', () => undefined)
  const answered = once(outgoing, 'response')
  outgoing.end(body)
  const [incoming]: IncomingMessage[] = await answered
  if (!incoming) throw new Error('no answer')
  const text = await read(incoming)
  const { statusCode: status = 0, headers } = incoming
  const serverMs = Date.parse(headers.date ?? '')
  return { status, headers, text, ...(!Number.isNaN(serverMs) && { serverMs }) }
}

/** The beginning of the body; the rest is read and forgotten, up to a bound. */
async function read(incoming: IncomingMessage): Promise<string> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    const piece: Buffer = chunk
    if (bytes < TEXT_BYTES) kept.push(piece)
    bytes += piece.length
    if (bytes > READ_BYTES) break
  }
  return Buffer.concat(kept).subarray(0, TEXT_BYTES).toString()
}

function onOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message === '' ? codeOf(error) : message
}

function faultOf(error: unknown): Fault {
  const code = codeOf(error)
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns'
  if (code === 'ETIMEDOUT') return 'timeout'
  if (code === 'ERR_PROXY_TUNNEL') return 'proxy'
  if (TLS_CODE.test(code)) return 'tls'
  return 'network'
}
