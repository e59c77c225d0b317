import type { Labels, Series } from '../model.ts'

/** All label pairs of a series, sorted by name in byte order. */
export function labelsOf({ metric, target }: Series): Labels {
  return [...metric.labels, ...target].toSorted(([left], [right]) => (left < right ? -1 : 1))
}

/** Equal for series with equal labels, and for no others. */
export function seriesKey({ metric, target }: Series): string {
  return JSON.stringify([metric.labels, target])
}
