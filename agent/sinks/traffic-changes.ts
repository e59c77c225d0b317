import type { Labels, Samples, Series } from '../model.ts'

/**
 * Makes of counters by how much they grew: what goes in are values since a counter's start, what comes
 * out are amounts, so that all that ever came out adds up to the counter. Asked once for every batch,
 * before anything waits or is tried again. What did not grow is left out, and so is every metric that is
 * not `wanted`; what is left stands target by target.
 */
export function counterChanges(
  wanted: (metricName: string) => boolean,
): (batch: Samples) => Samples {
  const last = new WeakMap<Series, number>()

  return ({ timestampMs, series, values }) => {
    const byTarget = new Map<Labels, { series: Series; grown: number }[]>()
    let count = 0
    for (const [index, one] of series.entries()) {
      const value = values?.[index]
      if (value === undefined || one.metric.type !== 'counter' || !wanted(one.metric.name)) continue
      const grown = value - (last.get(one) ?? 0)
      if (grown === 0) continue
      last.set(one, value)
      const changes = byTarget.get(one.target)
      if (changes) changes.push({ series: one, grown })
      else byTarget.set(one.target, [{ series: one, grown }])
      count += 1
    }
    const changes = [...byTarget.values()].flat()
    return {
      timestampMs,
      series: changes.map(change => change.series),
      values: Float64Array.from({ length: count }, (_, index) => changes[index]?.grown ?? 0),
    }
  }
}
