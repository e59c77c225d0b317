const HOUR_MS = 3_600_000
// Of the budget: what may be replaced at once after a quiet time.
const BURST_SHARE = 0.1

/**
 * How many series may be replaced by bigger ones: the whole budget within an hour, a tenth of it at
 * once. A receiver pays for every series that is born, and a scan of a million addresses would else
 * replace all of them every minute.
 */
export function evictionAllowance(maxSeries: number, intervalMs: number) {
  const most = maxSeries * BURST_SHARE
  let left = most
  return {
    /** Called once per interval. */
    refill: () => void (left = Math.min(most, left + (maxSeries * intervalMs) / HOUR_MS)),
    hasSome: () => left > 0,
    spend: (series: number) => void (left -= series),
  }
}
