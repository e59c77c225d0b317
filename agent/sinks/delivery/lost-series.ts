import type { Samples, Series } from '../../model.ts'
import { seriesKey } from '../series-labels.ts'

/**
 * Series that were alive when an earlier agent died. Those that come back are the same to a receiver;
 * those that do not within `withinMs` end, or they would live on at their last value.
 */
export function lostSeries(
  queue: {
    readonly orphans: readonly Series[]
    readonly forget: (series: readonly Series[]) => void
  },
  withinMs: number,
) {
  const missing = new Map(queue.orphans.map(one => [seriesKey(one), one]))
  const untilMs = performance.now() + withinMs
  let seen = new WeakSet<Series>()
  let lastMs: number | undefined

  function look(series: readonly Series[]): void {
    const back: Series[] = []
    for (const one of series) {
      if (seen.has(one)) continue
      seen.add(one)
      const key = seriesKey(one)
      const before = missing.get(key)
      if (!before) continue
      missing.delete(key)
      back.push(before)
    }
    queue.forget(back)
  }

  return {
    /** What is to be offered before these samples: once only, the end of all that did not come back. */
    before: ({ timestampMs, series }: Samples): Samples | undefined => {
      if (missing.size === 0) return undefined
      const stampMs = lastMs
      // The stamp of an earlier offer: whatever comes back from now on is newer.
      lastMs = Math.max(timestampMs, lastMs ?? 0)
      look(series)
      if (stampMs === undefined || performance.now() < untilMs || missing.size === 0)
        return undefined
      const gone = [...missing.values()]
      missing.clear()
      seen = new WeakSet()
      return { timestampMs: stampMs, series: gone }
    },
  }
}
