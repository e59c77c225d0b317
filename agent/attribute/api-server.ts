import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { messageOf } from '../message-of.ts'

export type ApiServer = {
  /** Such as `https://10.96.0.1:443`. */
  readonly url: string
  /** Read again for every request: the kubelet replaces both files while the agent runs. */
  readonly tokenFile: string
  readonly caFile: string
}

/** Why a request failed. `reason` is a label value, the message is for people. */
export class ApiError extends Error {
  readonly reason: string
  readonly retryAfterMs: number

  constructor(reason: string, message: string, retryAfterMs = 0) {
    super(message)
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

/** An object without an end is cut here, in bytes: etcd takes none of more than 1.5 MB. */
export const MAX_OBJECT = 4_000_000
const LINE_FEED = 0x0a
const MAX_RETRY_AFTER_MS = 300_000

export type GetOptions = {
  /** After so long without a byte the connection counts as dead, ms. */
  readonly quietMs: number
  readonly signal: AbortSignal
  /** The form of the answer. */
  readonly accept?: string
}

/**
 * A successful answer, as it comes in. Throws `ApiError` for everything else: files that cannot be read,
 * no connection, silence, a status other than 200.
 */
export async function* getBody(
  server: ApiServer,
  path: string,
  options: GetOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const response = await get(server, path, options)
  if (response.statusCode !== 200) throw await refusal(response)
  const parts: AsyncIterable<Buffer> = response
  try {
    for await (const part of parts) yield part
  } catch (error) {
    throw unreachable(error)
  }
}

/** The whole text of an answer that is one object. */
export async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body) {
    parts.push(part)
    length += part.length
    if (length > MAX_OBJECT) throw tooLong()
  }
  return Buffer.concat(parts).toString('utf8')
}

/**
 * Lines of an answer, as their bytes; what follows the last line feed is no line: the connection broke
 * inside it. A line is part of what came, and copied only where it came in pieces: in a storm of changes V8
 * would keep what outlives two small collections, and never give the space back.
 */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let restLength = 0
  for await (const part of body) {
    let start = 0
    for (let end = part.indexOf(LINE_FEED); end >= 0; end = part.indexOf(LINE_FEED, start)) {
      const line = part.subarray(start, end)
      yield rest.length === 0 ? line : Buffer.concat([...rest, line])
      rest = []
      restLength = 0
      start = end + 1
    }
    if (start === part.length) continue
    rest.push(part.subarray(start))
    restLength += part.length - start
    if (restLength > MAX_OBJECT) throw tooLong()
  }
}

function get(
  server: ApiServer,
  path: string,
  { quietMs, signal, accept = 'application/json' }: GetOptions,
) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const url = new URL(path, server.url)
  const credentials = readCredentials(server)
  const headers = { accept, authorization: `Bearer ${credentials.token}` }
  const request = httpsRequest(url, { agent: false, ca: credentials.ca, headers, signal })
  let response: IncomingMessage | undefined
  request.setTimeout(quietMs, () => {
    const silence = new ApiError('timeout', `${url.host} was silent for ${quietMs / 1000} s`)
    response?.destroy(silence)
    request.destroy(silence)
  })
  request.on('response', answer => {
    response = answer
    resolve(answer)
  })
  request.on('error', error => reject(unreachable(error)))
  request.end()
  return promise
}

function readCredentials({ tokenFile, caFile }: ApiServer): { token: string; ca: string } {
  try {
    return { token: readFileSync(tokenFile, 'utf8').trim(), ca: readFileSync(caFile, 'utf8') }
  } catch (error) {
    const fix = 'mount the service account or set kubernetes.tokenFile and kubernetes.caFile'
    throw new ApiError('credentials', `${messageOf(error)}; ${fix}`)
  }
}

async function refusal(response: IncomingMessage): Promise<ApiError> {
  const { statusCode: status = 0, headers } = response
  let body = ''
  try {
    for await (const text of response) {
      body += String(text)
      if (body.length > 2_000) break
    }
  } catch {
    // The status says enough.
  }
  const words = `${status} ${statusMessage(body)}`.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  const reason = status === 410 ? 'gone' : `status_${status}`
  return new ApiError(reason, words, waitMs(headers['retry-after']))
}

/** Seconds as the API server writes it, or a date as a proxy may (RFC 9110, 10.2.3). */
function waitMs(header = '0'): number {
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Math.min(Math.max(ms || 0, 0), MAX_RETRY_AFTER_MS)
}

/** Kubernetes answers with a Status object; a proxy in between with anything. */
function statusMessage(body: string): string {
  try {
    const status: unknown = JSON.parse(body)
    if (typeof status === 'object' && status !== null && 'message' in status) {
      return String(status.message)
    }
  } catch {
    // Not JSON: the text itself.
  }
  return body
}

function unreachable(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('unreachable', messageOf(error))
}

function tooLong(): ApiError {
  return new ApiError('bad_answer', `an answer of more than ${MAX_OBJECT} B`)
}
