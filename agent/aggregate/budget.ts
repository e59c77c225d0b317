import type { Step } from './targets.ts'

/** Series that are alive, against how many may be. */
export type SeriesBudget = ReturnType<typeof seriesBudget>

// Protocols × roles: the targets of the step "node".
const NODE_TARGETS = 4
// Parts of the budget, a bound for each step of its own: one that grew into what another has just left
// would in the end be all there is.
const EXACT_SHARE = 0.9
const NETWORK_SHARE = 0.05
// Containers are few, and without one its pod is lost: what they have beyond this, remote ends do without …
const CONTAINER_SHARE = 0.025
// … until these have no more than that.
const LEAST_EXACT_SHARE = 0.5

/**
 * Never more than `maxSeries` series. Those of the step "node" (at most `metricCount` for each of its
 * targets) are set aside, so that what has no room anywhere else always has room there.
 */
export function seriesBudget(maxSeries: number, metricCount: number) {
  const shared = maxSeries - NODE_TARGETS * metricCount
  const part = (share: number) => Math.floor(shared * share)
  const alive = { exact: 0, network: 0, container: 0, node: 0 }
  const sharers = () => alive.exact + alive.network + alive.container

  function limitOf(step: Exclude<Step, 'node'>): number {
    if (step === 'network') return part(NETWORK_SHARE)
    if (step === 'container') return shared
    const ofContainers = Math.max(0, alive.container - part(CONTAINER_SHARE))
    return Math.max(part(LEAST_EXACT_SHARE), part(EXACT_SHARE) - ofContainers)
  }

  return {
    /** Series that have no room at this step: 0, all of them fit. */
    lacking: (step: Step, wanted: number): number => {
      if (step === 'node') return 0
      return Math.max(0, alive[step] + wanted - limitOf(step), sharers() + wanted - shared)
    },
    /** Books series that are born; a negative number: that end. */
    book: (step: Step, series: number) => void (alive[step] += series),
    /** Series of exact targets that have to go, since there are more containers. */
    overdue: () => Math.max(0, alive.exact - limitOf('exact')),
    /** Series alive now. */
    alive: () => sharers() + alive.node,
  }
}
