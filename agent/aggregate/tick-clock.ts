export type Tick = {
  /** Stamp of the zeros of series born in this tick: one interval earlier, ms since the epoch. */
  readonly zeroMs: number
  /** Stamp of this tick's values, ms since the epoch. */
  readonly tickMs: number
}

/**
 * Makes the stamps of ticks. They only grow, whatever the clock of the machine does, because a
 * receiver refuses a sample that is not newer than the one before of the same series. The zeros are
 * newer than the tick before, since a series may end in one tick and be born again in the next, and
 * never older than `startedMs`, up to which the agent before this one may have sent.
 */
export function tickClock(intervalMs: number, startedMs: number): (nowMs: number) => Tick {
  let lastMs = startedMs - 1
  return nowMs => {
    const zeroMs = Math.max(nowMs - intervalMs, lastMs + 1)
    const tickMs = Math.max(nowMs, zeroMs + 1)
    lastMs = tickMs
    return { zeroMs, tickMs }
  }
}
