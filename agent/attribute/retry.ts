import { setTimeout as sleep } from 'node:timers/promises'

/** Time as the watches see it: monotonic, so that a step of the wall clock changes no wait. */
export type Clock = {
  readonly nowMs: () => number
  /** Ends early, and without an error, when the signal comes. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

export const CLOCK: Clock = {
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, { signal })
    } catch {
      // Stopped: the caller looks at the signal.
    }
  },
}

export type RetryPace = { readonly firstRetryMs: number; readonly longestRetryMs: number }

export type Retry = {
  /** How long to wait now, ms: longer each time, and not below what the server asked for. */
  readonly nextMs: (leastMs: number) => number
  /** What went well ends the lengthening. */
  readonly reset: () => void
}

/** Agents that failed together must not come back together: each waits a time of its own. */
export function retry({ firstRetryMs, longestRetryMs }: RetryPace): Retry {
  let attempts = 0
  return {
    nextMs: leastMs => {
      const backoffMs = Math.min(firstRetryMs * 2 ** attempts, longestRetryMs)
      attempts += 1
      return Math.max(backoffMs * (0.5 + Math.random()), leastMs * (1 + Math.random() / 4))
    },
    reset: () => {
      attempts = 0
    },
  }
}
