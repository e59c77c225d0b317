import { sortedLabels } from '../aggregate/labels.ts'
import type { Metric, Samples, Series } from '../model.ts'
import type { Line } from './page.ts'

/**
 * Turns pages into samples: the values of one page, and the end of each series that the page before
 * had and this one has not. Every series gets the labels of its target; where the page says one of
 * them itself, it goes by `exported_…`, as with Prometheus.
 */
export function pageSeries(
  targetLabels: Readonly<Record<string, string>>,
): (lines: readonly Line[], nowMs: number) => Samples[] {
  let known = new Map<string, Series>()
  let metrics = new Map<string, Metric>()

  return (lines, nowMs) => {
    const seen = new Map<string, Series>()
    const values: number[] = []
    const seenMetrics = new Map<string, Metric>()
    for (const line of lines) {
      const target = sortedLabels({ ...exported(line.labels), ...targetLabels })
      const key = JSON.stringify([line.name, line.family, target])
      // Of two lines for one series the first counts: a request holds one sample of each.
      if (seen.has(key)) continue
      const series = known.get(key) ?? { metric: metricOf(line), target, startMs: 0 }
      seenMetrics.set(series.metric.name, series.metric)
      seen.set(key, series)
      values.push(line.value)
    }
    const ended = [...known].filter(([key]) => !seen.has(key)).map(([, series]) => series)
    known = seen
    metrics = seenMetrics
    const batches: Samples[] = [
      { timestampMs: nowMs, series: [...seen.values()], values: Float64Array.from(values) },
      { timestampMs: nowMs, series: ended },
    ]
    return batches.filter(({ series }) => series.length > 0)

    function metricOf({ name, family }: Line): Metric {
      const before = seenMetrics.get(name) ?? metrics.get(name)
      if (before?.type === family.type && before.help === family.help) return before
      return { name, ...family, labels: [['__name__', name]] }
    }
  }

  function exported(labels: Line['labels']): Record<string, string> {
    return Object.fromEntries(
      labels.map(([name, value]) => [name in targetLabels ? `exported_${name}` : name, value]),
    )
  }
}
