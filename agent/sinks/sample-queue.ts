import type { Samples } from '../model.ts'

/** Samples that wait, first in, first out, never more than its bound. */
export type SampleQueue = {
  readonly size: () => number
  /** Appends and drops the oldest to make room. Returns how many were dropped. */
  readonly push: (samples: Samples, room: number) => number
  /** Takes the oldest samples out, at most `limit` and all of one moment; nothing when empty. */
  readonly take: (limit: number) => Samples | undefined
  /** Timestamp of the oldest sample, ms since the epoch; undefined when empty. */
  readonly oldestMs: () => number | undefined
}

export function sampleQueue(): SampleQueue {
  let moments: Samples[] = []
  let size = 0

  function take(limit: number): Samples | undefined {
    const oldest = moments[0]
    if (!oldest) return undefined
    const isWhole = oldest.series.length <= limit
    const taken = isWhole ? oldest : partOf(oldest, 0, limit)
    if (isWhole) moments.shift()
    else moments[0] = partOf(oldest, limit)
    size -= taken.series.length
    return taken
  }

  function push(samples: Samples, room: number): number {
    moments.push(samples)
    size += samples.series.length
    let dropped = 0
    while (size > room) dropped += take(size - room)?.series.length ?? 0
    return dropped
  }

  return { size: () => size, push, take, oldestMs: () => moments[0]?.timestampMs }
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
