import type { AttributedFlow, Labels, Samples } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'
import { admission } from './admission.ts'
import { seriesBudget } from './budget.ts'
import { decisions } from './decisions.ts'
import { evictionAllowance } from './eviction-allowance.ts'
import { sortedLabels } from './labels.ts'
import { liveTargets } from './live-targets.ts'
import { metricGroups } from './metric-groups.ts'
import { placing } from './placing.ts'
import { seriesStore } from './series-store.ts'
import { targetNames } from './targets.ts'
import { tickClock } from './tick-clock.ts'
import { chosenLabels, type LabelChoice } from './traffic-labels.ts'

export type AggregationOptions = {
  readonly nodeName: string
  /** Value of the label `cluster`; empty means no such label. */
  readonly cluster: string
  /** Of traffic series; absent: the default ones. */
  readonly labels?: LabelChoice
  /** Namespaces whose targets have series of their own before all others. */
  readonly priorityNamespaces?: readonly string[]
  /** The node's zone as it is known now, for the label of this name. */
  readonly zone?: () => string | undefined
  readonly names2021: boolean
  /** Series that may be alive at once, those of `other` included. */
  readonly maxSeries: number
  /** A target without traffic for so long ends. */
  readonly idleMs: number
  readonly intervalMs: number
  /** When this agent started, ms since the epoch: no sample is stamped earlier. */
  readonly startedMs: number
  readonly telemetry: Telemetry
  /** Told when the clock was set back. */
  readonly warn?: (key: string, line: string) => void
}

/**
 * Adds flows up into counters. Each call is one tick, an interval after the one before, and returns
 * batches for the sinks in order: first a zero for every counter that is born, so that `rate()` sees
 * its first step; then the value of every live series; then the series that end. Sums over all series
 * are exact, metric by metric: what exceeds the budget is folded, never dropped.
 */
export function aggregation(
  options: AggregationOptions,
): (flows: readonly AttributedFlow[], nowMs: number) => Samples[] {
  const { maxSeries, intervalMs, startedMs, telemetry, warn } = options
  const chosen = chosenLabels(options.labels ?? { add: [], drop: [], processes: false })
  const groups = metricGroups(options.names2021)
  const names = targetNames({ chosen, priorityNamespaces: options.priorityNamespaces ?? [] })
  const store = seriesStore(maxSeries, groups)
  const budget = seriesBudget(maxSeries, groups.metrics.length)
  const live = liveTargets({ metricGroups: groups, store, budget })
  const allowance = evictionAllowance(maxSeries, intervalMs)
  const admit = admission({ live, budget, allowance, telemetry })
  const decide = decisions({ names, metricGroups: groups, live, admission: admit, intervalMs })
  const place = placing({ names, metricGroups: groups, live, decide, store, telemetry })
  const clock = tickClock(intervalMs, startedMs)
  // Counted in ticks, since a clock that is set forward must not end what has traffic.
  const idleTicks = Math.max(1, Math.round(options.idleMs / intervalMs))
  let common = commonLabels()
  let tick = 0
  telemetry.seriesBudget.set(maxSeries)

  return (flows, nowMs) => {
    tick += 1
    const { zeroMs, tickMs } = clock(nowMs)
    tellClock(tickMs - nowMs)
    live.begin(zeroMs)
    allowance.refill()
    renewCommonLabels()
    place(flows, tick, common)
    live.endWhere(({ lastTick }) => tick - lastTick >= idleTicks)
    names.sweep()
    telemetry.series.set(budget.alive())
    const counters = live.born().filter(({ metric }) => metric.type === 'counter')
    const zeros = new Float64Array(counters.length)
    const batches: Samples[] = [
      { timestampMs: zeroMs, series: counters, values: zeros },
      store.samples(tickMs),
      { timestampMs: tickMs, series: live.ended() },
    ]
    return batches.filter(({ series }) => series.length > 0)
  }

  function commonLabels(): Labels {
    const zone = chosen.has('zone') ? options.zone?.() : undefined
    return sortedLabels({ source_host: options.nodeName, cluster: options.cluster, zone })
  }

  /** The zone comes late, from the API server: series without it end, or sums by zone would miss them. */
  function renewCommonLabels(): void {
    const now = commonLabels()
    if (String(now) === String(common)) return
    common = now
    live.endWhere(() => true)
  }

  function tellClock(aheadMs: number): void {
    const aheadSeconds = Math.max(0, aheadMs) / 1_000
    telemetry.stampsAhead.set(aheadSeconds)
    if (aheadMs < intervalMs) return
    const line = `the clock was set back: samples are stamped ${Math.round(aheadSeconds)} s ahead of it`
    warn?.('clock', `${line}, close to each other, until it has caught up`)
  }
}
