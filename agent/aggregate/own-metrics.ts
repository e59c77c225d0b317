import type { Metric, Samples, Series } from '../model.ts'
import type { Registry } from '../registry.ts'
import { sortedLabels } from './labels.ts'
import { tickClock } from './tick-clock.ts'

/**
 * Turns the agent's own registry into samples, so that sinks carry them along with the traffic. Like
 * traffic, a counter that is born above zero starts with a zero one interval earlier, and a series
 * that left the registry ends with a stale marker.
 */
export function ownMetrics(options: {
  readonly registry: Registry
  /** Value of the label `cluster`; empty means no such label. */
  readonly cluster: string
  readonly intervalMs: number
  /** When this agent started, ms since the epoch: no sample is stamped earlier. */
  readonly startedMs: number
}): (nowMs: number) => Samples[] {
  const { registry, cluster, intervalMs, startedMs } = options
  const clock = tickClock(intervalMs, startedMs)
  const common = { ...registry.commonLabels, cluster }
  const metrics = registry.metrics.map(({ name, help, type, readings }) => {
    const metric: Metric = { name, help, type, labels: [['__name__', name]] }
    return { metric, readings }
  })
  let known = new Map<string, Series>()

  return nowMs => {
    const { zeroMs, tickMs } = clock(nowMs)
    const born: Series[] = []
    const values: number[] = []
    const seen = new Map<string, Series>()
    for (const { metric, readings } of metrics) {
      for (const [labelKey, { labels, value }] of readings) {
        const key = `${metric.name}\n${labelKey}`
        const before = known.get(key)
        const series = before ?? {
          metric,
          target: sortedLabels({ ...labels, ...common }),
          startMs: zeroMs,
        }
        if (!before && metric.type === 'counter' && value > 0) born.push(series)
        seen.set(key, series)
        values.push(value)
      }
    }
    const ended = [...known].filter(([key]) => !seen.has(key)).map(([, series]) => series)
    known = seen
    const batches: Samples[] = [
      { timestampMs: zeroMs, series: born, values: new Float64Array(born.length) },
      { timestampMs: tickMs, series: [...seen.values()], values: Float64Array.from(values) },
      { timestampMs: tickMs, series: ended },
    ]
    return batches.filter(({ series }) => series.length > 0)
  }
}
