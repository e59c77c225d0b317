import type { Sample, Series } from '../model.ts'
import type { Metric } from '../registry.ts'

/** A moment for tests, ms since the epoch. */
export const EXAMPLE_MS = 1_790_000_000_000

/** A counter for tests; `pod` tells one series from another. */
export function exampleSeries(pod = 'web-1'): Series {
  const labels = [
    ['__name__', 'podatlas_transmit_bytes_total'],
    ['destination_ip', '192.0.2.7'],
    ['destination_port', '443'],
    ['k8s_pod', pod],
    ['protocol', 'tcp'],
    ['role', 'client'],
  ] as const
  return { labels, type: 'counter', help: 'Bytes of a test', startMs: EXAMPLE_MS }
}

export function exampleSample(series: Series, value: number, timestampMs = EXAMPLE_MS): Sample {
  return { series, value, timestampMs, isStale: false }
}

/** What a counter or gauge says, summed over the series that carry all of `labels`. */
export function reading({ readings }: Metric, labels: Record<string, string>): number {
  const matching = [...readings.values()].filter(each =>
    Object.entries(labels).every(([name, value]) => each.labels[name] === value),
  )
  return matching.reduce((sum, each) => sum + each.value, 0)
}
