const FIRST_MS = 30
const LONGEST_MS = 5_000
const LONGEST_RETRY_AFTER_MS = 60_000
// Small enough that no pause is shorter than the one before, large enough to part a fleet of agents.
const JITTER = 0.08

/**
 * How long to wait after attempt number `attempt` (from 0) failed, in ms. `random` is in 0..1;
 * `atLeastMs` is what the destination asked for, obeyed up to a minute.
 */
export function backoffMs(
  attempt: number,
  random: number,
  atLeastMs: number | undefined = 0,
): number {
  const doubled = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt)
  const spread = doubled * (1 + JITTER * (2 * random - 1))
  return Math.max(spread, Math.min(atLeastMs, LONGEST_RETRY_AFTER_MS))
}

/** Reads the header `Retry-After` (seconds or an HTTP date) as ms from now; undefined if it is neither. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1_000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
