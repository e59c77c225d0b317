import { causeOf } from '../program/cause.ts'
import { QueryError, readContent, readVector, tooLarge, vectorReader } from './answer.ts'
import type { Asked, Remarks, VectorEnd } from './answer.ts'
import { credentialsReader } from './credentials.ts'
import { readMatrix } from './matrix.ts'
import type { RangeSeries } from './matrix.ts'
import { post } from './post.ts'
import type { Posted } from './post.ts'
import type { SampleSink, VectorSample } from './samples.ts'
import type { Upstream } from './upstream.ts'

/** All of them throw QueryError only. */
export type Prometheus = {
  /** The value of a PromQL expression now or at a time, as a whole. */
  readonly ask: (query: string, atSeconds?: number) => Promise<Vector>
  /** The same read as it arrives: of any length, without being held. */
  readonly read: (query: string, sink: SampleSink) => Promise<VectorEnd>
  /** Its values over a time. */
  readonly askRange: (query: string, range: Range) => Promise<Matrix>
}

export type Vector = Remarks & { readonly samples: readonly VectorSample[] }

export type Matrix = Remarks & { readonly series: readonly RangeSeries[] }

export type Range = {
  readonly startSeconds: number
  readonly endSeconds: number
  readonly stepSeconds: number
}

export type Ask = Prometheus['ask']

// About half a million series; beyond it, JSON.parse would stop the process for seconds.
const MOST_HELD_BYTES = 64 * 1024 * 1024

// About seven million series: what takes longer to read than anybody wants to wait.
const MOST_READ_BYTES = 1024 * 1024 * 1024

/**
 * A client of Prometheus' queries. They travel as a form, since a URL has no room for long ones. No
 * answer, however wrong, does more than reject the promise.
 */
export function prometheusClient(options: {
  upstream: Upstream
  timeoutMs: number
  /** Ends what is under way when the process ends. */
  stop: AbortSignal
}): Prometheus {
  const { upstream, timeoutMs, stop } = options
  const baseUrl = upstream.prometheus
  const readCredentials = credentialsReader(upstream)

  return {
    ask: (query, atSeconds) => {
      const at: Record<string, string> = atSeconds === undefined ? {} : { time: String(atSeconds) }
      return send('query', { query, ...at }, async (posted, asked) => {
        const { data, warnings, infos } = readContent(await whole(posted), asked)
        return { samples: readVector(data, asked), warnings, infos }
      })
    },
    read: (query, sink) =>
      send('query', { query }, async ({ status, location, body }, asked) => {
        const reader = vectorReader(sink, asked)
        let bytes = 0
        for await (const part of body) {
          bytes += part.length
          if (bytes > MOST_READ_BYTES) throw tooLarge(MOST_READ_BYTES)
          reader.push(part)
        }
        return reader.end(status, location)
      }),
    askRange: (query, { startSeconds, endSeconds, stepSeconds }) => {
      const range = { start: startSeconds, end: endSeconds, step: stepSeconds }
      const texts = Object.entries(range).map(([key, value]) => [key, String(value)] as const)
      return send('query_range', { query, ...Object.fromEntries(texts) }, async (posted, asked) => {
        const { data, warnings, infos } = readContent(await whole(posted), asked)
        return { series: readMatrix(data, asked), warnings, infos }
      })
    },
  }

  async function send<Read>(
    path: 'query' | 'query_range',
    form: Readonly<Record<string, string>> & { readonly query: string },
    read: (posted: Posted, asked: Asked) => Promise<Read>,
  ): Promise<Read> {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const credentials = await readCredentials()
      const fields = new URLSearchParams({ ...form, timeout: `${timeoutMs}ms` })
      const signal = AbortSignal.any([timeout, stop])
      const posted = await post(`${baseUrl}/api/v1/${path}`, fields, credentials, signal)
      return await read(posted, { baseUrl, query: form.query })
    } catch (error) {
      if (error instanceof QueryError) throw error
      if (timeout.aborted) {
        const text = `Prometheus at ${baseUrl} gave no answer in ${timeoutMs} ms`
        throw new QueryError('timeout', text, { cause: error })
      }
      const text = `Prometheus at ${baseUrl} cannot be reached: ${causeOf(error)}. ${hintFor(error)}`
      throw new QueryError('unreachable', text, { cause: error })
    }
  }
}

function hintFor(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /CERT|TLS|SSL/.test(code)
    ? 'Are the certificates right (--ca-file, --server-name, --cert-file)?'
    : 'Is the URL right (-p)?'
}

async function whole({ status, location, body }: Posted) {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > MOST_HELD_BYTES) throw tooLarge(MOST_HELD_BYTES)
    parts.push(part)
  }
  return { status, location, body: Buffer.concat(parts).toString('utf8') }
}
