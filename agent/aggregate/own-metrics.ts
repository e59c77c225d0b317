import type { Sample, Series } from '../model.ts'
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
}): (nowMs: number) => Sample[][] {
  const { registry, cluster, intervalMs, startedMs } = options
  const clock = tickClock(intervalMs, startedMs)
  const common = { ...registry.commonLabels, cluster }
  let known = new Map<string, Series>()

  return nowMs => {
    const { zeroMs, tickMs } = clock(nowMs)
    const zeros: Sample[] = []
    const ticked: Sample[] = []
    const seen = new Map<string, Series>()
    for (const { name, help, type, readings } of registry.metrics) {
      for (const [labelKey, { labels, value }] of readings) {
        const key = `${name}\n${labelKey}`
        const before = known.get(key)
        const series = before ?? {
          labels: sortedLabels({ ...labels, ...common, __name__: name }),
          type,
          help,
          startMs: zeroMs,
        }
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
