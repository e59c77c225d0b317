import { causeOf } from '../program/cause.ts'
import { QueryError, readAnswer } from './answer.ts'
import type { Answer } from './answer.ts'

/** Asks for the value of a PromQL expression now. Throws QueryError only. */
export type Ask = (query: string) => Promise<Answer>

// About half a million series; beyond it, JSON.parse would stop the process for seconds.
const mostBytes = 64 * 1024 * 1024

/**
 * A client of Prometheus' instant queries. The query travels as a form, since a URL has no room
 * for long ones. No answer, however wrong, does more than reject the promise.
 */
export function prometheusClient(options: {
  baseUrl: string
  timeoutMs: number
  /** Ends what is under way when the process ends. */
  stop: AbortSignal
}): Ask {
  const { baseUrl, timeoutMs, stop } = options
  return async query => {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(`${baseUrl}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query, timeout: `${timeoutMs}ms` }),
        headers: { accept: 'application/json' },
        redirect: 'manual',
        signal: AbortSignal.any([timeout, stop]),
      })
      const { status, headers } = response
      const answer = { status, location: headers.get('location'), body: await readBody(response) }
      return readAnswer(answer, { baseUrl, query })
    } catch (error) {
      if (error instanceof QueryError) throw error
      if (timeout.aborted) {
        const text = `Prometheus at ${baseUrl} gave no answer in ${timeoutMs} ms`
        throw new QueryError('timeout', text, { cause: error })
      }
      const text = `Prometheus at ${baseUrl} cannot be reached: ${causeOf(error)}. Is the URL right (-p)?`
      throw new QueryError('unreachable', text, { cause: error })
    }
  }
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > mostBytes) {
      throw new QueryError(
        'too_large',
        `the answer of Prometheus exceeds ${mostBytes / 1024 / 1024} MiB; aggregate the query or bound it with topk`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
