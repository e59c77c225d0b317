import type { Samples, Series } from '../model.ts'

/** Moments that wait, first in, first out, within a bound. One at a time is in the hand of who takes them. */
export type SampleQueue = {
  /** Never throws: what does not fit is dropped, the oldest first, and told. */
  readonly push: (moment: Samples, drain?: string) => void
  /** Takes the oldest moment into the hand, as soon as it is settled what was in it; undefined: none waits. */
  readonly take: () => Samples | undefined | Promise<Samples | undefined>
  /** So many samples from the beginning of what is in the hand are settled; absent: all of them. */
  readonly settle: (count?: number) => void
  /** Whether what is in the hand is also where the next agent finds it. */
  readonly isKept: () => boolean
  /** Whether what is in the hand may have been sent by an earlier agent, which did not live to hear of it. */
  readonly isInDoubt: () => boolean
  /** Samples that wait, those in the hand not included. */
  readonly size: () => number
  /** Stamp of the oldest that waits, ms since the epoch; undefined: none does, or it is not known. */
  readonly oldestMs: () => number | undefined
  /** What was alive when an earlier agent died, and did not end since. */
  readonly orphans: readonly Series[]
  /** These orphans have come back. */
  readonly forget: (series: readonly Series[]) => void
  /** Ends it; gives how many samples waited that the next agent does not find. */
  readonly close: () => Promise<number>
}

/** The reason of drops that may be none. */
export const UNCONFIRMED = 'unconfirmed'

export type OnDrop = (count: number, reason: string, detail: string) => void

export type MemoryQueue = SampleQueue & {
  readonly peek: () => Samples | undefined
  /** Removes the oldest, which is in another queue now. */
  readonly discard: () => void
}

/** In memory only; `limit` is in samples, what is in the hand included. */
export function memoryQueue(limit: number, onDrop: OnDrop): MemoryQueue {
  const moments: Samples[] = []
  let size = 0
  let inHand = 0

  function removed(): Samples | undefined {
    const oldest = moments.shift()
    size -= oldest?.series.length ?? 0
    return oldest
  }

  function push(moment: Samples): void {
    moments.push(moment)
    size += moment.series.length
    const excess = size + inHand - limit
    if (excess <= 0) return
    const dropped = dropOldest(excess)
    onDrop(dropped, 'queue_full', `the queue holds ${limit} samples and is full`)
  }

  function dropOldest(excess: number): number {
    const wanted = Math.min(excess, size)
    for (let left = wanted; left > 0;) {
      const oldest = removed()
      if (!oldest) break
      const rest = oldest.series.length - left
      left -= Math.min(left, oldest.series.length)
      if (rest <= 0) continue
      moments.unshift(partOf(oldest, oldest.series.length - rest))
      size += rest
    }
    return wanted
  }

  return {
    push,
    peek: () => moments[0],
    discard: () => void removed(),
    take: () => {
      const oldest = removed()
      inHand = oldest?.series.length ?? 0
      return oldest
    },
    settle: () => (inHand = 0),
    isKept: () => false,
    isInDoubt: () => false,
    size: () => size,
    oldestMs: () => moments[0]?.timestampMs,
    orphans: [],
    forget: () => {},
    close: () => Promise.resolve(dropOldest(size)),
  }
}

/** The samples from `start` up to `end`, or to the last. */
export function partOf(
  { timestampMs, series, values }: Samples,
  start: number,
  end?: number,
): Samples {
  const cut = series.slice(start, end)
  return { timestampMs, series: cut, ...(values && { values: values.subarray(start, end) }) }
}
