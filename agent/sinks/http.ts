import { once } from 'node:events'
import * as http from 'node:http'
import * as https from 'node:https'

/** What came back: an HTTP answer, or why there was none. */
export type Answer =
  | { readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly text: string }
  | { readonly fault: Fault; readonly text: string }

/** Few and stable: they become a metric label. */
export type Fault = 'timeout' | 'refused' | 'reset' | 'dns' | 'tls' | 'network'

export type Endpoint = Disposable & {
  /** Posts once over a kept connection. Follows no redirect and never rejects. */
  readonly post: (
    headers: http.OutgoingHttpHeaders,
    body: Uint8Array,
    signal: AbortSignal,
  ) => Promise<Answer>
}

const TEXT_BYTES = 512
// Past this a connection is cheaper to close than to read to its end.
const READ_BYTES = 65_536

/** One URL and the connection kept to it. `timeoutMs` bounds a request up to the end of its answer. */
export function httpEndpoint(url: URL, timeoutMs: number): Endpoint {
  const isTls = url.protocol === 'https:'
  const agent = isTls
    ? new https.Agent({ keepAlive: true, maxSockets: 1 })
    : new http.Agent({ keepAlive: true, maxSockets: 1 })
  const request = isTls ? https.request : http.request
  return {
    post: async (headers, body, signal) => {
      // Not AbortSignal.any: each would hang on to the sink's own signal, which lives for months.
      const cut = new AbortController()
      const cutShort = () => cut.abort()
      signal.addEventListener('abort', cutShort)
      if (signal.aborted) cutShort()
      const deadline = setTimeout(() => cut.abort('timeout'), timeoutMs)
      try {
        const length = { 'content-length': body.byteLength }
        const options = { method: 'POST', agent, headers: { ...headers, ...length } }
        return await exchange(request(url, { ...options, signal: cut.signal }), body)
      } catch (error) {
        if (cut.signal.reason !== 'timeout') return failure(error)
        return { fault: 'timeout', text: `no answer in ${timeoutMs / 1_000} s` }
      } finally {
        clearTimeout(deadline)
        signal.removeEventListener('abort', cutShort)
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

async function exchange(outgoing: http.ClientRequest, body: Uint8Array): Promise<Answer> {
  // `once` listens up to the answer only; a later error without a listener ends the process.
  outgoing.on('error', () => undefined)
  const answered = once(outgoing, 'response')
  outgoing.end(body)
  const [incoming]: http.IncomingMessage[] = await answered
  if (!incoming) return { fault: 'network', text: 'no answer' }
  const text = await read(incoming)
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text }
}

/** The beginning of the body on one line; the rest is read and forgotten, up to a bound. */
async function read(incoming: http.IncomingMessage): Promise<string> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    const piece: Buffer = chunk
    if (bytes < TEXT_BYTES) kept.push(piece)
    bytes += piece.length
    if (bytes > READ_BYTES) break
  }
  const text = Buffer.concat(kept).subarray(0, TEXT_BYTES).toString()
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

function failure(error: unknown): Answer {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : String(error)
  return { fault: faultOf(code), text: message === '' ? code : message }
}

function faultOf(code: string): Fault {
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns'
  if (code === 'ETIMEDOUT') return 'timeout'
  if (/^ERR_TLS|^ERR_SSL|CERT|^EPROTO|SIGNED/.test(code)) return 'tls'
  return 'network'
}
