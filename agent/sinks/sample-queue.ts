import type { Sample } from '../model.ts'

/** Samples that wait, first in, first out, never more than its bound. */
export type SampleQueue = {
  readonly size: () => number
  /** Appends samples of one moment and drops the oldest to make room. Returns how many were dropped. */
  readonly push: (samples: readonly Sample[], room: number) => number
  /** Takes the oldest samples out, at most `limit` and all of one moment; none when empty. */
  readonly take: (limit: number) => readonly Sample[]
  /** Timestamp of the oldest sample, ms since the epoch; undefined when empty. */
  readonly oldestMs: () => number | undefined
}

export function sampleQueue(): SampleQueue {
  let moments: (readonly Sample[])[] = []
  let size = 0

  function take(limit: number): readonly Sample[] {
    const oldest = moments[0]
    if (!oldest) return []
    const taken = oldest.length <= limit ? oldest : oldest.slice(0, limit)
    if (taken === oldest) moments.shift()
    else moments[0] = oldest.slice(limit)
    size -= taken.length
    return taken
  }

  function push(samples: readonly Sample[], room: number): number {
    moments.push(samples)
    size += samples.length
    let dropped = 0
    while (size > room) dropped += take(size - room).length
    return dropped
  }

  return { size: () => size, push, take, oldestMs: () => moments[0]?.[0]?.timestampMs }
}
