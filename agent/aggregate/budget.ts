import type { Step } from './targets.ts'

/** Series that are alive, against how many may be. */
export type SeriesBudget = {
  readonly hasRoom: (step: Step, wanted: number) => boolean
  /** Books series that are born; a negative number: that end. */
  readonly book: (step: Step, series: number) => void
  /** Series alive now. */
  readonly alive: () => number
}

// Protocols × roles: the targets of the step "node".
const NODE_TARGETS = 4
// Part of the budget that remote ends may fill; the rest is for the "other" of containers.
const EXACT_SHARE = 0.9

/**
 * Never more than `maxSeries` series. Those of the step "node" (at most `metricCount` for each of its
 * targets) are set aside, so that what has no room anywhere else always has room there.
 */
export function seriesBudget(maxSeries: number, metricCount: number): SeriesBudget {
  const shared = maxSeries - NODE_TARGETS * metricCount
  const limits = { exact: Math.floor(shared * EXACT_SHARE), container: shared, node: Infinity }
  let ofNode = 0
  let others = 0
  return {
    hasRoom: (step, wanted) => step === 'node' || others + wanted <= limits[step],
    book: (step, series) => {
      if (step === 'node') ofNode += series
      else others += series
    },
    alive: () => ofNode + others,
  }
}
