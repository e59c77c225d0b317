import type { Owners } from './owners.ts'

/**
 * Objects that found no room are forgotten, so they have to be listed again once there is some. Says
 * when: at a tenth of the room free, and not more often than every `leastMs`, since a list is dear.
 */
export function roomKeeper(owners: Pick<Owners, 'size'>, limit: number, leastMs = 300_000) {
  let isLeftOut = false
  let askedMs = Number.NEGATIVE_INFINITY
  return {
    leaveOut: () => {
      isLeftOut = true
    },
    /** True when a list would bring something; it counts as begun then. */
    wantsList: (nowMs: number): boolean => {
      const hasRoom = owners.size() <= limit * 0.9
      if (!isLeftOut || !hasRoom || nowMs - askedMs < leastMs) return false
      isLeftOut = false
      askedMs = nowMs
      return true
    },
  }
}
