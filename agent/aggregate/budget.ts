import type { Step } from './targets.ts'

/** Series that are alive, against how many may be. */
export type SeriesBudget = ReturnType<typeof seriesBudget>

// Protocols × roles: the targets of the step "node".
const NODE_TARGETS = 4
// Parts of the budget up to which a step may fill it: each wider step finds room that the ones before left.
const SHARES = { exact: 0.9, network: 0.95, container: 1 }
// Containers may push out exact targets until these have no more than this part.
const LEAST_EXACT_SHARE = 0.5

/**
 * Never more than `maxSeries` series. Those of the step "node" (at most `metricCount` for each of its
 * targets) are set aside, so that what has no room anywhere else always has room there.
 */
export function seriesBudget(maxSeries: number, metricCount: number) {
  const shared = maxSeries - NODE_TARGETS * metricCount
  const limits = {
    exact: Math.floor(shared * SHARES.exact),
    network: Math.floor(shared * SHARES.network),
    container: shared,
    node: Infinity,
  }
  const alive = { exact: 0, network: 0, container: 0, node: 0 }
  const sharers = () => alive.exact + alive.network + alive.container

  return {
    /** Series that have no room at this step: 0, all of them fit. */
    lacking: (step: Step, wanted: number) =>
      step === 'node' ? 0 : Math.max(0, sharers() + wanted - limits[step]),
    /** Books series that are born; a negative number: that end. */
    book: (step: Step, series: number) => void (alive[step] += series),
    /** Series of exact targets that have to go so that containers, of which there are few, find room. */
    overdue: () => {
      if (sharers() <= limits.network) return 0
      const most = Math.max(limits.exact - alive.network - alive.container, 0)
      return Math.max(0, alive.exact - Math.max(most, Math.floor(shared * LEAST_EXACT_SHARE)))
    },
    /** Series alive now. */
    alive: () => sharers() + alive.node,
  }
}
