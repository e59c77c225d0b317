import type { Flow, Labels, Samples, Series } from '../model.ts'
import type { Groups, MetricGroups } from './metric-groups.ts'

/** No further series of a target. */
export const NONE = -1

export type SeriesStore = ReturnType<typeof seriesStore>

/**
 * Series that are alive, each in a slot, with their totals side by side in typed arrays: a series takes
 * 17 bytes here besides its object. The slots of a target form a chain.
 */
export function seriesStore(capacity: number, { metrics, groupOf }: MetricGroups) {
  const slots: (Series | undefined)[] = []
  const metricAt = new Uint8Array(capacity)
  /** In the whole numbers of `metric.of`. */
  const totals = new Float64Array(capacity)
  const countedTick = new Uint32Array(capacity)
  const nextAt = new Int32Array(capacity)
  const free: number[] = []
  // The same list as long as no series is born or ends: sinks may hold it for many ticks.
  let alive: readonly Series[] | undefined

  /** Adds the series of `groups` to the chain that starts at `first`. Gives the slot where it starts now. */
  function bear(first: number, groups: Groups, target: Labels, startMs: number): number {
    alive = undefined
    let start = first
    for (const [index, metric] of metrics.entries()) {
      if (((groupOf[index] ?? 0) & groups) === 0) continue
      const slot = free.pop() ?? slots.length
      slots[slot] = { metric, target, startMs }
      metricAt[slot] = index
      totals[slot] = 0
      countedTick[slot] = 0
      nextAt[slot] = start
      start = slot
    }
    return start
  }

  /** The series of a chain, the youngest first. */
  function chain(first: number): Series[] {
    const series: Series[] = []
    for (let slot = first; slot !== NONE; slot = nextAt[slot] ?? NONE) series.push(seriesIn(slot))
    return series
  }

  /** Frees the slots of a chain. */
  function end(first: number): void {
    alive = undefined
    for (let slot = first; slot !== NONE; slot = nextAt[slot] ?? NONE) {
      slots[slot] = undefined
      free.push(slot)
    }
  }

  /** Adds what the flow has in these groups to the series of a chain. */
  function add(first: number, groups: Groups, flow: Flow, tick: number): void {
    for (let slot = first; slot !== NONE; slot = nextAt[slot] ?? NONE) {
      const index = metricAt[slot] ?? 0
      if (((groupOf[index] ?? 0) & groups) === 0) continue
      const { type, of } = metrics[index] ?? noMetric()
      const before = totals[slot] ?? 0
      const amount = of(flow)
      const isFirst = countedTick[slot] !== tick
      if (type === 'counter') totals[slot] = before + amount
      else totals[slot] = isFirst ? amount : Math.min(before, amount)
      countedTick[slot] = tick
    }
  }

  function samples(timestampMs: number): Samples {
    alive ??= slots.filter(one => one !== undefined)
    const values = new Float64Array(alive.length)
    let count = 0
    for (let slot = 0; slot < slots.length; slot++) {
      if (!slots[slot]) continue
      values[count++] = (totals[slot] ?? 0) / (metrics[metricAt[slot] ?? 0]?.perUnit ?? 1)
    }
    return { timestampMs, series: alive, values }
  }

  function seriesIn(slot: number): Series {
    return slots[slot] ?? noMetric()
  }

  return { bear, chain, end, add, samples }
}

function noMetric(): never {
  throw new RangeError('a chain of series leads to an empty slot')
}
