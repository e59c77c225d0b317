import type { Labels, Series } from '../model.ts'
import type { SeriesBudget } from './budget.ts'
import type { Groups, MetricGroups } from './metric-groups.ts'
import { NONE, type SeriesStore } from './series-store.ts'
import { STEPS, type Local, type Step } from './targets.ts'

export type LiveTarget = {
  readonly key: string
  readonly step: Step
  readonly labels: Labels
  readonly local: Local
  /** Those of which it has series. */
  groups: Groups
  /** Where the chain of its series starts. */
  firstSlot: number
  /** Bytes of its biggest interval, of which half is forgotten in a minute. */
  size: number
  lastTick: number
  /** What this tick has for it: bytes, and groups to count. */
  bytes: number
  wanted: Groups
}

export type LiveTargets = ReturnType<typeof liveTargets>

/** The targets that are alive, and what was born and ended since the tick began. */
export function liveTargets(parts: {
  readonly metricGroups: MetricGroups
  readonly store: SeriesStore
  readonly budget: SeriesBudget
}) {
  const { metricGroups, store, budget } = parts
  const live: Readonly<Record<Step, Map<string, LiveTarget>>> = {
    exact: new Map(),
    network: new Map(),
    container: new Map(),
    node: new Map(),
  }
  let born: Series[] = []
  let ended: Series[] = []
  let startMs = 0

  /** A target without series. */
  function add(target: Pick<LiveTarget, 'key' | 'step' | 'labels' | 'local' | 'size'>): LiveTarget {
    const fresh = { ...target, groups: 0, firstSlot: NONE, lastTick: 0, bytes: 0, wanted: 0 }
    live[target.step].set(target.key, fresh)
    target.local.targets += 1
    return fresh
  }

  /** Gives it the series of groups that it has not yet. */
  function grow(target: LiveTarget, groups: Groups): void {
    const count = metricGroups.seriesIn(groups)
    target.firstSlot = store.bear(target.firstSlot, groups, target.labels, startMs)
    target.groups |= groups
    budget.book(target.step, count)
    born.push(...store.chain(target.firstSlot).slice(0, count))
  }

  function end(target: LiveTarget): void {
    live[target.step].delete(target.key)
    target.local.targets -= 1
    budget.book(target.step, -metricGroups.seriesIn(target.groups))
    const series = store.chain(target.firstSlot)
    // A receiver has never heard of those that were born in this tick: they have nothing to end.
    const unheard = new Set(series.filter(one => one.startMs === startMs))
    if (unheard.size > 0) born = born.filter(one => !unheard.has(one))
    ended.push(...series.filter(one => !unheard.has(one)))
    store.end(target.firstSlot)
  }

  function endWhere(isOver: (target: LiveTarget) => boolean): void {
    for (const step of STEPS)
      for (const target of live[step].values()) if (isOver(target)) end(target)
  }

  return {
    /** What is born from now on starts at this moment. */
    begin: (zeroMs: number) => {
      startMs = zeroMs
      born = []
      ended = []
    },
    at: (step: Step): ReadonlyMap<string, LiveTarget> => live[step],
    add,
    grow,
    end,
    endWhere,
    seriesOf: ({ groups }: LiveTarget) => metricGroups.seriesIn(groups),
    born: (): readonly Series[] => born,
    ended: (): readonly Series[] => ended,
  }
}
