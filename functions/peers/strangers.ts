import type { Owners } from './owners.ts'

/** Targets that a query names: addresses, and networks that agents folded addresses into. */
export type Strangers = {
  /** All targets of one answer. Gives how many found no room. */
  readonly see: (targets: Iterable<string>, nowMs: number) => number
  /** Forgets what was not seen for long. */
  readonly expire: (nowMs: number) => void
  /** Those that stand in a part of the owners. */
  readonly part: (index: number) => Iterable<string>
  readonly size: () => number
}

/** A target is gone from a query's result long before the window of a rate over it ends. */
const keepMs = 10 * 60_000

export function createStrangers(owners: Pick<Owners, 'partOf'>, limit: number): Strangers {
  const seenMs = new Map<string, number>()
  const parts = new Map<number, Set<string>>()

  function expire(nowMs: number): void {
    for (const [target, lastMs] of seenMs) {
      // In the order of last sight.
      if (nowMs - lastMs <= keepMs) break
      seenMs.delete(target)
      parts.get(owners.partOf(target))?.delete(target)
    }
  }

  return {
    see: (targets, nowMs) => {
      let leftOut = 0
      expire(nowMs)
      for (const target of targets) {
        if (!seenMs.delete(target) && seenMs.size >= limit) {
          leftOut += 1
          continue
        }
        seenMs.set(target, nowMs)
        const index = owners.partOf(target)
        parts.set(index, (parts.get(index) ?? new Set()).add(target))
      }
      return leftOut
    },
    expire,
    part: index => parts.get(index) ?? [],
    size: () => seenMs.size,
  }
}
