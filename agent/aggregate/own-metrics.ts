import type { Registry } from 'prom-client'
import type { Sample, Series } from '../model.ts'
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
}): (nowMs: number) => Promise<Sample[][]> {
  const { registry, cluster, intervalMs, startedMs } = options
  const clock = tickClock(intervalMs, startedMs)
  let known = new Map<string, Series>()

  return async nowMs => {
    const { zeroMs, tickMs } = clock(nowMs)
    const zeros: Sample[] = []
    const ticked: Sample[] = []
    const seen = new Map<string, Series>()
    for (const metric of await registry.getMetricsAsJSON()) {
      const type = String(metric.type) === 'gauge' ? 'gauge' : 'counter'
      for (const reading of metric.values) {
        const { value } = reading
        // The parts of a histogram have names of their own, which prom-client's types leave out.
        const name = 'metricName' in reading ? String(reading.metricName) : metric.name
        const texts = Object.entries(reading.labels).map(([key, label]) => [key, String(label)])
        const sorted = sortedLabels({ ...Object.fromEntries(texts), __name__: name, cluster })
        const key = JSON.stringify(sorted)
        const before = known.get(key)
        const series = before ?? { labels: sorted, type, help: metric.help, startMs: zeroMs }
        seen.set(key, series)
        if (!before && type === 'counter' && value > 0)
          zeros.push({ series, value: 0, timestampMs: zeroMs, isStale: false })
        ticked.push({ series, value, timestampMs: tickMs, isStale: false })
      }
    }
    for (const [key, series] of known)
      if (!seen.has(key)) ticked.push({ series, value: 0, timestampMs: tickMs, isStale: true })
    known = seen
    return [zeros, ticked].filter(batch => batch.length > 0)
  }
}
