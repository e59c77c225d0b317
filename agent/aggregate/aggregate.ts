import type { AttributedFlow, Sample, Series } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Target } from './budget.ts'
import { placement } from './budget.ts'
import { sortedLabels } from './labels.ts'
import { metrics2021, trafficMetrics } from './metrics.ts'
import { tickClock } from './tick-clock.ts'

export type AggregationOptions = {
  readonly nodeName: string
  /** Value of the label `cluster`; empty means no such label. */
  readonly cluster: string
  readonly names2021: boolean
  /** Series that may be alive at once, those of `other` included. */
  readonly maxSeries: number
  /** A target without traffic for so long ends. */
  readonly idleMs: number
  readonly intervalMs: number
  /** When this agent started, ms since the epoch: no sample is stamped earlier. */
  readonly startedMs: number
  readonly telemetry: Telemetry
}

type LiveTarget = {
  readonly series: readonly Series[]
  readonly totals: number[]
  lastTrafficMs: number
}

/**
 * Adds flows up into counters. Each call is one tick and returns batches for the sinks in order:
 * first a zero for every series that is born, so that `rate()` sees its first bytes; then the value
 * of every live series, and a stale marker for those that end. Sums over all series are exact: what
 * exceeds the budget is folded, never dropped.
 */
export function aggregation(
  options: AggregationOptions,
): (flows: readonly AttributedFlow[], nowMs: number) => Sample[][] {
  const { nodeName, cluster, idleMs, intervalMs, startedMs, telemetry } = options
  const metrics = options.names2021 ? [...trafficMetrics, ...metrics2021] : trafficMetrics
  const live = new Map<string, LiveTarget>()
  const place = placement(Math.floor(options.maxSeries / metrics.length))
  const clock = tickClock(intervalMs, startedMs)
  telemetry.seriesBudget.set(options.maxSeries)

  return (flows, nowMs) => {
    const { zeroMs, tickMs } = clock(nowMs)
    const born: LiveTarget[] = []

    // The busiest first: where room is short, the smallest flows are those that fold.
    for (const flow of flows.toSorted((left, right) => bytesOf(right) - bytesOf(left))) {
      const target = place(flow, live)
      if (target.isFolded) telemetry.foldedBytes.inc(bytesOf(flow))
      const counted = live.get(target.key) ?? bear(target, zeroMs, born)
      metrics.forEach(
        (metric, i) => (counted.totals[i] = (counted.totals[i] ?? 0) + metric.of(flow)),
      )
      counted.lastTrafficMs = tickMs
    }

    const zeros = born.flatMap(({ series }) => series.map(one => sample(one, 0, zeroMs)))
    const ticked = [...live].flatMap(([key, { series, totals, lastTrafficMs }]) => {
      const isStale = tickMs - lastTrafficMs >= idleMs
      if (isStale) live.delete(key)
      return series.map((one, i) => sample(one, totals[i] ?? 0, tickMs, isStale))
    })
    telemetry.series.set(live.size * metrics.length)
    return [zeros, ticked].filter(batch => batch.length > 0)
  }

  function bear(target: Target, startMs: number, born: LiveTarget[]): LiveTarget {
    const series = metrics.map(({ name, help, labels }): Series => {
      const own = { __name__: name, source_host: nodeName, cluster, ...labels }
      return { labels: sortedLabels({ ...target.labels, ...own }), type: 'counter', help, startMs }
    })
    const newborn = { series, totals: series.map(() => 0), lastTrafficMs: startMs }
    live.set(target.key, newborn)
    born.push(newborn)
    return newborn
  }
}

function sample(series: Series, value: number, timestampMs: number, isStale = false): Sample {
  return { series, value, timestampMs, isStale }
}

function bytesOf(flow: AttributedFlow): number {
  return flow.bytesSent + flow.bytesReceived
}
