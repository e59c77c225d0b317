import type { Samples, Series } from '../../model.ts'
import type { Metric } from '../../registry.ts'

/** A moment for tests, ms since the epoch. */
export const EXAMPLE_MS = 1_790_000_000_000

const metric = {
  name: 'podatlas_transmit_bytes_total',
  help: 'Bytes of a test',
  type: 'counter',
  labels: [['__name__', 'podatlas_transmit_bytes_total']],
} as const

/** A counter for tests; `pod` tells one series from another. */
export function exampleSeries(pod = 'web-1'): Series {
  const target = [
    ['destination_ip', '192.0.2.7'],
    ['destination_port', '443'],
    ['k8s_pod', pod],
    ['protocol', 'tcp'],
    ['role', 'client'],
  ] as const
  return { metric, target, startMs: EXAMPLE_MS }
}

/** One sample by itself. */
export function exampleSample(series: Series, value: number, timestampMs = EXAMPLE_MS): Samples {
  return { timestampMs, series: [series], values: Float64Array.of(value) }
}

/** A value for each of several series, at one moment. */
export function exampleSamples(
  values: readonly (readonly [Series, number])[],
  timestampMs = EXAMPLE_MS,
): Samples {
  return {
    timestampMs,
    series: values.map(([series]) => series),
    values: Float64Array.from(values, ([, value]) => value),
  }
}

/** What a counter or gauge says, summed over the series that carry all of `labels`. */
export function reading({ readings }: Metric, labels: Record<string, string>): number {
  const matching = [...readings.values()].filter(each =>
    Object.entries(labels).every(([name, value]) => each.labels[name] === value),
  )
  return matching.reduce((sum, each) => sum + each.value, 0)
}
