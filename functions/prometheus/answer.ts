import { isRecord, parseRecord } from './json.ts'

export type VectorSample = {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export type Answer = {
  readonly samples: readonly VectorSample[]
  readonly warnings: readonly string[]
}

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

/** Pure: reads what came back for an instant query. Throws QueryError. */
export function readAnswer(
  answer: { status: number; location: string | null; body: string },
  asked: { baseUrl: string; query: string },
): Answer {
  const { status, location, body } = answer
  const { baseUrl, query } = asked
  if (location) {
    const text = `Prometheus at ${baseUrl} redirects to ${location}; use that with -p`
    throw new QueryError('http', text)
  }
  const content = parseRecord(body)
  if (content?.['status'] === 'error') {
    const own = typeof content['error'] === 'string' ? content['error'] : 'no reason given'
    if (status === 503) throw new QueryError('http', `Prometheus at ${baseUrl} is busy: ${own}`)
    throw new QueryError('refused', `Prometheus refuses the query "${query}": ${own}`)
  }
  if (status !== 200) {
    throw new QueryError('http', `Prometheus at ${baseUrl} answers with HTTP status ${status}`)
  }
  if (content?.['status'] !== 'success' || !isRecord(content['data'])) {
    const text = `what answers at ${baseUrl} is not Prometheus; is the URL right (-p)?`
    throw new QueryError('not_prometheus', text)
  }
  const { resultType, result } = content['data']
  if (resultType !== 'vector' || !Array.isArray(result)) {
    const text = `the query "${query}" yields a ${String(resultType)}; use one that yields an instant vector`
    throw new QueryError('no_vector', text)
  }
  const warnings: unknown = content['warnings']
  return {
    samples: result.map(entry => sampleOf(entry, baseUrl)),
    warnings: Array.isArray(warnings) ? warnings.filter(entry => typeof entry === 'string') : [],
  }
}

function sampleOf(entry: unknown, baseUrl: string): VectorSample {
  const { metric, value: point } = isRecord(entry) ? entry : {}
  const value: unknown = Array.isArray(point) ? point[1] : undefined
  if (!isLabels(metric) || typeof value !== 'string') {
    const text = `Prometheus at ${baseUrl} sent a sample without labels or value`
    throw new QueryError('not_prometheus', text)
  }
  // Prometheus writes infinities as `+Inf` and `-Inf`.
  return { labels: metric, value: Number(value.replace('Inf', 'Infinity')) }
}

function isLabels(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every(label => typeof label === 'string')
}
