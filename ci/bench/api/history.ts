/** One change of the object in a slot. */
export type Change = { readonly slot: number; readonly step: number; readonly version: number }

/** How often each slot of a collection has changed, and the latest changes in order. */
export type History = {
  readonly stepOf: (slot: number) => number
  /** Version of the object in a slot. */
  readonly versionOf: (slot: number) => number
  readonly change: (slot: number, version: number) => Change
  /** Changes after a version; undefined when some of them are forgotten. */
  readonly after: (version: number) => Change[] | undefined
  /** How slots that have changed since were at a version; undefined when that is forgotten. */
  readonly at: (version: number) => ReadonlyMap<number, Omit<Change, 'slot'>> | undefined
}

/** The API server's own memory of events grows to 100,000 of a kind: watch_cache.go, defaultUpperBoundCapacity. */
const REMEMBERED = 100 * 1024

/** Numbers in typed arrays: the history of 100,000 objects takes 3 MB. */
export function createHistory(size: number, firstVersion: number): History {
  const steps = new Uint32Array(size)
  const versions = new Float64Array(size).fill(firstVersion)
  const log = {
    slots: new Uint32Array(REMEMBERED),
    versions: new Float64Array(REMEMBERED),
    before: new Float64Array(REMEMBERED),
    steps: new Uint32Array(REMEMBERED),
  }
  let count = 0

  /** Index of the oldest remembered change after a version. */
  function firstAfter(version: number): number | undefined {
    const oldest = Math.max(0, count - REMEMBERED)
    let index = count
    while (index > oldest && (log.versions[(index - 1) % REMEMBERED] ?? 0) > version) index--
    const isForgotten = index === oldest && oldest > 0
    return isForgotten || version < firstVersion ? undefined : index
  }
  function changeAt(index: number): Change & { readonly before: number } {
    const at = index % REMEMBERED
    return {
      slot: log.slots[at] ?? 0,
      step: log.steps[at] ?? 0,
      version: log.versions[at] ?? 0,
      before: log.before[at] ?? 0,
    }
  }
  return {
    stepOf: slot => steps[slot] ?? 0,
    versionOf: slot => versions[slot] ?? firstVersion,
    change: (slot, version) => {
      const step = (steps[slot] ?? 0) + 1
      const at = count % REMEMBERED
      log.slots[at] = slot
      log.steps[at] = step
      log.versions[at] = version
      log.before[at] = versions[slot] ?? firstVersion
      steps[slot] = step
      versions[slot] = version
      count++
      return { slot, step, version }
    },
    after: version => {
      const first = firstAfter(version)
      if (first === undefined) return undefined
      return Array.from({ length: count - first }, (_, index) => changeAt(first + index))
    },
    at: version => {
      const first = firstAfter(version)
      if (first === undefined) return undefined
      const slots = new Map<number, Omit<Change, 'slot'>>()
      for (let index = first; index < count; index++) {
        const { slot, step, before } = changeAt(index)
        if (!slots.has(slot)) slots.set(slot, { step: step - 1, version: before })
      }
      return slots
    },
  }
}
