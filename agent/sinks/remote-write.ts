import { readFile } from 'node:fs/promises'
import type { Outcome } from './delivery.ts'
import { startDelivery } from './delivery.ts'
import { retryAfterMs } from './backoff.ts'
import type { Answer } from './http.ts'
import { httpEndpoint } from './http.ts'
import { encodeWriteRequest } from './remote-write-encode.ts'
import type { RemoteWriteOptions } from './remote-write-options.ts'
import type { Sink } from './sink.ts'

// What Prometheus' own sender uses.
const MAX_SAMPLES_PER_SEND = 2_000
const TIMEOUT_MS = 30_000

/** Prometheus remote write 1.0, for Prometheus and everything that takes what Prometheus sends. */
export const remoteWrite: Sink<RemoteWriteOptions> = ({
  name,
  options,
  version,
  telemetry,
  log,
}) => {
  const url = new URL(options.endpoint)
  const endpoint = httpEndpoint(url, TIMEOUT_MS)
  const fixedHeaders = {
    ...options.headers,
    'content-encoding': 'snappy',
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
    'user-agent': `podatlas/${version}`,
  }
  const send = async (body: Uint8Array, signal: AbortSignal): Promise<Outcome> => {
    const credentials = await readCredentials(options)
    if ('kind' in credentials) return credentials
    const authorization = basicAuth(credentials.username, credentials.password)
    const answer = await endpoint.post({ ...fixedHeaders, ...authorization }, body, signal)
    // The query may hold a token, so it stays out of every message.
    return judge(answer, `${url.origin}${url.pathname}`)
  }
  return startDelivery({
    name,
    telemetry,
    log,
    queueLimit: options.queueLimit,
    maxSamplesPerSend: MAX_SAMPLES_PER_SEND,
    encode: encodeWriteRequest,
    send,
    close: () => endpoint[Symbol.dispose](),
  })
}

/** Which answers remote write 1.0 tries again: 429, every 5xx, and no answer at all. */
function judge(answer: Answer, where: string): Outcome {
  if ('fault' in answer)
    return {
      kind: 'retry',
      reason: answer.fault,
      detail: `no answer from ${where}: ${answer.text}`,
    }
  const { status, headers, text } = answer
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const reason = String(status)
  const detail = `${where} answered ${status}${text === '' ? '' : `: ${text}`}`
  if (status === 429 || status >= 500)
    return {
      kind: 'retry',
      reason,
      detail,
      retryAfterMs: retryAfterMs(headers['retry-after'], Date.now()),
    }
  if (status >= 300 && status < 400)
    return { kind: 'refused', reason, detail: `${detail}; set endpoint to where it redirects` }
  return { kind: 'refused', reason, detail, isTooLarge: status === 413 }
}

/** Reads the files each time, because mounted secrets change under a running agent. */
async function readCredentials(
  options: RemoteWriteOptions,
): Promise<{ username: string; password: string } | Outcome> {
  let { username, password } = options
  for (const setting of ['usernameFile', 'passwordFile'] as const) {
    const file = options[setting]
    if (file === '') continue
    try {
      const text = (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
      if (setting === 'usernameFile') username = text
      else password = text
    } catch (error) {
      const reason = setting === 'usernameFile' ? 'username_file' : 'password_file'
      return { kind: 'retry', reason, detail: `${setting}: ${String(error)}` }
    }
  }
  return { username, password }
}

function basicAuth(username: string, password: string): { authorization?: string } {
  if (username === '') return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}
