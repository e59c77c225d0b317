import type { ResponseContext } from '@kubernetes/client-node'
import { parseRecord } from '../prometheus/json.ts'

/** Why a request failed. `reason` is a label value, the message is for people. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly reason: string
  readonly retryAfterMs: number

  constructor(reason: string, message: string, retryAfterMs = 0) {
    super(message)
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

const longestRetryAfterS = 300

/** What an answer that is no 200 says. */
export async function refusal(response: ResponseContext): Promise<ApiError> {
  const { httpStatusCode: status, headers } = response
  // Kubernetes answers with a Status object; a proxy in between with anything.
  const body = await startOf(response)
  const message = parseRecord(body)?.['message']
  const words = `${status} ${typeof message === 'string' ? message : body}`
  const retryAfterS = Math.min(Number(headers['retry-after'] ?? 0) || 0, longestRetryAfterS)
  return new ApiError(
    status === 410 ? 'gone' : `status_${status}`,
    words.replaceAll(/\s+/g, ' ').trim().slice(0, 300),
    retryAfterS * 1_000,
  )
}

async function startOf({ body }: ResponseContext): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const bytes of body.stream() ?? []) {
      text += decoder.decode(bytes, { stream: true })
      if (text.length > 4_000) break
    }
  } catch {
    // The status says enough.
  }
  return text
}
