import type { AttributedFlow, Labels, Series } from '../model.ts'
import { seriesBudget } from './budget.ts'
import { sortedLabels, sortedPairs } from './labels.ts'
import type { MetricGroup, TrafficMetric } from './metrics.ts'
import { stepAfter, targetLabels, type Step, type TargetLabels } from './targets.ts'
import type { TrafficLabel } from './traffic-labels.ts'

/** A series and where it stands. */
export type LiveSeries = {
  readonly metric: TrafficMetric
  readonly series: Series
  /** In the whole numbers of `metric.of`. */
  total: number
  /** Stamp of the tick that changed it last, ms since the epoch. */
  changedMs: number
}

export type LiveTarget = {
  readonly key: string
  readonly step: Step
  readonly labels: Labels
  /** Those that have occurred. */
  readonly groups: Map<MetricGroup, readonly LiveSeries[]>
  lastTrafficMs: number
}

export type LiveTargets = ReturnType<typeof liveTargets>

/** The targets that are alive. Each has the series of `always` from its start, others as they occur. */
export function liveTargets(options: {
  readonly always: MetricGroup
  readonly maxSeries: number
  /** Metrics that a target can have at most. */
  readonly metricCount: number
  /** Labels of every series. */
  readonly labels: Readonly<Record<string, string>>
  /** Labels that tell targets apart. */
  readonly chosen: ReadonlySet<TrafficLabel>
}) {
  const { chosen, always, maxSeries, metricCount } = options
  const common = sortedLabels(options.labels)
  const live = new Map<string, LiveTarget>()
  const budget = seriesBudget(maxSeries, metricCount)

  /**
   * Where a group of a flow counts: the nearest target, from `step` on, that counts it already or has
   * room for it. There always is one. Series that are born start at `startMs` and are added to `born`.
   */
  function nearest(
    flow: AttributedFlow,
    step: Step,
    group: MetricGroup,
    startMs: number,
    born: LiveSeries[],
  ): LiveTarget {
    const named = targetLabels(flow, step, chosen)
    const key = JSON.stringify([step === 'node', named])
    const known = live.get(key)
    if (known?.groups.has(group)) return known
    const missing = known || group === always ? [group] : [always, group]
    const wanted = missing.flat().length
    if (!budget.hasRoom(step, wanted)) {
      return nearest(flow, stepAfter(step), group, startMs, born)
    }
    budget.book(step, wanted)
    const target = known ?? newTarget(named, step, key, startMs)
    for (const one of missing) {
      const series = one.map(metric => newSeries(target.labels, metric, startMs))
      target.groups.set(one, series)
      born.push(...series)
    }
    return target
  }

  function newTarget(named: TargetLabels, step: Step, key: string, startMs: number): LiveTarget {
    const labels = [...sortedLabels(named), ...common]
    const target = { key, step, labels, groups: new Map(), lastTrafficMs: startMs }
    live.set(key, target)
    return target
  }

  function end({ key, step, groups }: LiveTarget): void {
    live.delete(key)
    budget.book(step, -[...groups.values()].flat().length)
  }

  return { nearest, end, values: () => live.values(), seriesCount: budget.alive }
}

function newSeries(target: Labels, metric: TrafficMetric, startMs: number): LiveSeries {
  const { type, help } = metric
  // The pairs of a target are there once, however many series it has: that is most of their memory.
  const series = { labels: sortedPairs([...target, ...metric.labels]), type, help, startMs }
  return { metric, series, total: 0, changedMs: startMs }
}
