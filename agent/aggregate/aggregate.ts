import type { AttributedFlow, Sample } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'
import { liveTargets, type LiveSeries, type LiveTarget } from './live-targets.ts'
import { byteMetrics, metrics2021, signals, type MetricGroup } from './metrics.ts'
import { firstStep } from './targets.ts'
import { tickClock } from './tick-clock.ts'
import { chosenLabels, type LabelChoice } from './traffic-labels.ts'

export type AggregationOptions = {
  readonly nodeName: string
  /** Value of the label `cluster`; empty means no such label. */
  readonly cluster: string
  /** Of traffic series; absent: the default ones. */
  readonly labels?: LabelChoice
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

/**
 * Adds flows up into counters. Each call is one tick and returns batches for the sinks in order:
 * first a zero for every counter that is born, so that `rate()` sees its first step; then the value
 * of every live series, and a stale marker for those that end. Sums over all series are exact, metric
 * by metric: what exceeds the budget is folded, never dropped.
 */
export function aggregation(
  options: AggregationOptions,
): (flows: readonly AttributedFlow[], nowMs: number) => Sample[][] {
  const { nodeName, cluster, maxSeries, idleMs, intervalMs, startedMs, telemetry } = options
  const always = options.names2021 ? [...byteMetrics, ...metrics2021] : byteMetrics
  const metricCount = [always, ...signals].flat().length
  const labels = { source_host: nodeName, cluster }
  const chosen = chosenLabels(options.labels ?? { add: [], drop: [], processes: false })
  const targets = liveTargets({ always, maxSeries, metricCount, labels, chosen })
  const clock = tickClock(intervalMs, startedMs)
  telemetry.seriesBudget.set(maxSeries)

  return (flows, nowMs) => {
    const { zeroMs, tickMs } = clock(nowMs)
    const born: LiveSeries[] = []
    // The busiest first: where room is short, the smallest flows are those that fold.
    for (const flow of flows.toSorted((left, right) => bytesOf(right) - bytesOf(left))) {
      const home = targets.nearest(flow, firstStep(flow), always, zeroMs, born)
      count(flow, home, always)
      if (home.step !== 'exact') telemetry.foldedBytes.inc(bytesOf(flow))
      for (const group of signals) {
        if (!group.some(metric => metric.of(flow) > 0)) continue
        const isThere = home.groups.has(group)
        const target = isThere ? home : targets.nearest(flow, home.step, group, zeroMs, born)
        count(flow, target, group)
        if (target !== home) telemetry.foldedSignals.inc()
      }
    }
    const zeros = born
      .filter(({ metric }) => metric.type === 'counter')
      .map(({ series }) => ({ series, value: 0, timestampMs: zeroMs, isStale: false }))
    const ticked = samplesAt(tickMs)
    telemetry.series.set(targets.seriesCount())
    return [zeros, ticked].filter(batch => batch.length > 0)

    function count(flow: AttributedFlow, target: LiveTarget, group: MetricGroup): void {
      for (const one of target.groups.get(group) ?? []) add(one, one.metric.of(flow), tickMs)
      target.lastTrafficMs = tickMs
    }
  }

  function samplesAt(timestampMs: number): Sample[] {
    const samples: Sample[] = []
    for (const target of targets.values()) {
      const isStale = timestampMs - target.lastTrafficMs >= idleMs
      if (isStale) targets.end(target)
      for (const group of target.groups.values())
        for (const { metric, series, total } of group)
          samples.push({ series, value: total / metric.perUnit, timestampMs, isStale })
    }
    return samples
  }
}

function add(counted: LiveSeries, amount: number, tickMs: number): void {
  if (counted.metric.type === 'counter') counted.total += amount
  else if (counted.changedMs < tickMs) counted.total = amount
  else counted.total = Math.min(counted.total, amount)
  counted.changedMs = tickMs
}

function bytesOf(flow: AttributedFlow): number {
  return flow.bytesSent + flow.bytesReceived
}
