import type { Labels, Series } from '../model.ts'

/** All label pairs of a series, sorted by name in byte order. */
export function labelsOf({ metric, target }: Series): Labels {
  return [...metric.labels, ...target].toSorted(([left], [right]) => (left < right ? -1 : 1))
}
