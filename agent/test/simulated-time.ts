import { setTimeout as sleep } from 'node:timers/promises'
import { vi } from 'vitest'
import type { Clock } from '../attribute/retry.ts'

export type SimulatedTime = Disposable & {
  /** For the watches: who waits takes the time of the whole process along. */
  readonly clock: Clock
  /** What was waited for, ms, in order. */
  readonly waits: readonly number[]
  readonly passMs: (ms: number) => void
}

/** `Date` and `performance` stand still but for what is passed; timers and connections stay real. */
export function simulateTime(): SimulatedTime {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  const waits: number[] = []
  return {
    clock: {
      nowMs: () => performance.now(),
      sleep: async (ms, signal) => {
        waits.push(ms)
        passMs(ms)
        // The rest of the agent gets its turn.
        await sleep(1, undefined, { signal }).catch(() => undefined)
      },
    },
    waits,
    passMs,
    [Symbol.dispose]: () => void vi.useRealTimers(),
  }
}

function passMs(ms: number): void {
  vi.advanceTimersByTime(ms)
}
