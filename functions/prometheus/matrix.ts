import { QueryError } from './answer.ts'
import type { Asked } from './answer.ts'
import { isRecord } from './json.ts'
import { NoSample, sampleOf } from './samples.ts'

export type RangeSeries = {
  readonly labels: Readonly<Record<string, string>>
  /** Times in seconds and values, in order of time. */
  readonly points: readonly (readonly [seconds: number, value: number])[]
}

/** The result of a range query. Throws QueryError. */
export function readMatrix(
  { resultType, result }: Readonly<Record<string, unknown>>,
  { baseUrl, query }: Asked,
): RangeSeries[] {
  if (resultType !== 'matrix' || !Array.isArray(result)) {
    const text = `the range query "${query}" yields a ${String(resultType)}`
    throw new QueryError('not_prometheus', text)
  }
  try {
    return result.map(seriesOf)
  } catch (error) {
    if (!(error instanceof NoSample)) throw error
    const text = `the answer of Prometheus at ${baseUrl} is none: ${error.message}`
    throw new QueryError('not_prometheus', text)
  }
}

function seriesOf(entry: unknown): RangeSeries {
  const { metric, values } = isRecord(entry) ? entry : {}
  if (!Array.isArray(values)) throw new NoSample('a series has no values')
  const { labels } = sampleOf({ metric, value: [0, '0'] })
  return {
    labels,
    points: values.map((value: unknown) => {
      const seconds: unknown = Array.isArray(value) ? value[0] : undefined
      if (typeof seconds !== 'number') throw new NoSample('a value has no time')
      return [seconds, sampleOf({ metric, value }).value] as const
    }),
  }
}
