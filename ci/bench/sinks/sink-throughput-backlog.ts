import type { Samples } from '../../../agent/model.ts'
import { tickOfSeries } from './rw-encode-traffic.ts'

const INTERVAL_MS = 10_000

/** So many moments of the same series, the last of them at `endMs`; every value grows from moment to moment. */
export function* backlogOf(series: number, moments: number, endMs: number): Generator<Samples> {
  const { requests } = tickOfSeries(series)
  const all = requests.flatMap(request => request.series)
  const first = requests.flatMap(request => [...(request.values ?? [])])
  for (let moment = 0; moment < moments; moment++)
    yield {
      timestampMs: endMs - (moments - 1 - moment) * INTERVAL_MS,
      series: all,
      values: Float64Array.from(first, (value, index) => value + moment * (1 + (index % 1_000))),
    }
}
