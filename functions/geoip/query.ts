export type VectorSample = {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export type Answer = {
  readonly samples: readonly VectorSample[]
  readonly warnings: readonly string[]
}

/** Asks for the value of a PromQL expression now. Throws QueryError only. */
export type Ask = (query: string) => Promise<Answer>

export type QueryFailure =
  | 'unreachable'
  | 'timeout'
  | 'refused'
  | 'http'
  | 'not_prometheus'
  | 'no_vector'
  | 'too_large'

export class QueryError extends Error {
  override name = 'QueryError'
  readonly reason: QueryFailure
  constructor(reason: QueryFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

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
      return readAnswer(response.status, response.headers, await readBody(response), query, baseUrl)
    } catch (error) {
      if (error instanceof QueryError) throw error
      throw timeout.aborted
        ? new QueryError('timeout', `Prometheus at ${baseUrl} gave no answer in ${timeoutMs} ms`)
        : new QueryError(
            'unreachable',
            `Prometheus at ${baseUrl} cannot be reached: ${causeOf(error)}. Is the URL right (-p)?`,
            { cause: error },
          )
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

function readAnswer(
  status: number,
  headers: Headers,
  body: string,
  query: string,
  baseUrl: string,
): Answer {
  const location = headers.get('location')
  if (location) {
    throw new QueryError(
      'http',
      `Prometheus at ${baseUrl} redirects to ${location}; use that with -p`,
    )
  }
  const answer = parseJson(body)
  if (answer?.['status'] === 'error') {
    const own = typeof answer['error'] === 'string' ? answer['error'] : 'no reason given'
    if (status === 503) throw new QueryError('http', `Prometheus at ${baseUrl} is busy: ${own}`)
    throw new QueryError('refused', `Prometheus refuses the query "${query}": ${own}`)
  }
  if (status !== 200) {
    throw new QueryError('http', `Prometheus at ${baseUrl} answers with HTTP status ${status}`)
  }
  if (answer?.['status'] !== 'success' || !isRecord(answer['data'])) {
    throw new QueryError(
      'not_prometheus',
      `what answers at ${baseUrl} is not Prometheus; is the URL right (-p)?`,
    )
  }
  const { resultType, result } = answer['data']
  if (resultType !== 'vector' || !Array.isArray(result)) {
    throw new QueryError(
      'no_vector',
      `the query "${query}" yields a ${String(resultType)}; use one that yields an instant vector`,
    )
  }
  return { samples: result.map(sampleOf), warnings: stringsOf(answer['warnings']) }

  function sampleOf(entry: unknown): VectorSample {
    const value: unknown =
      isRecord(entry) && Array.isArray(entry['value']) ? entry['value'][1] : undefined
    if (
      !isRecord(entry) ||
      !isRecord(entry['metric']) ||
      typeof value !== 'string' ||
      !Object.values(entry['metric']).every(label => typeof label === 'string')
    ) {
      throw new QueryError(
        'not_prometheus',
        `Prometheus at ${baseUrl} sent a sample without labels or value`,
      )
    }
    return { labels: entry['metric'] as Record<string, string>, value: numberOf(value) }
  }
}

/** Prometheus writes infinities as `+Inf` and `-Inf`. */
function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'))
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : []
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  const { message, cause } = error as Error
  if (!(cause instanceof Error)) return message
  return cause.message || (cause as NodeJS.ErrnoException).code || message
}
