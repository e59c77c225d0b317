import type { Samples } from '../../model.ts'
import { arrivedOf } from '../../test/sample.ts'
import type { Receiver } from './contract.ts'
import type { Arrived } from './write-request-decode.ts'

/** What a sink counted, over all its lives. */
export type Counted = {
  /** Of which it knows that nobody has them. */
  readonly dropped: number
  /** Of which it does not know. */
  readonly unconfirmed: number
  /** Absent: not known, as some answers came when it was dead. */
  readonly sent?: number
}

/**
 * Compares what a receiver holds with what was offered and what was counted; nothing: the sink kept its word. What was
 * dropped is missing, what is unconfirmed may be, and nothing else is.
 */
export function wrongIn(
  offered: readonly Samples[],
  held: readonly Arrived[],
  { dropped, unconfirmed, sent }: Counted,
): string[] {
  const expected = new Set(offered.flatMap(arrivedOf).map(keyOf))
  const kept = new Set<string>()
  const newest = new Map<string, number>()
  const wrong: string[] = []
  for (const arrived of held) {
    const series = seriesOf(arrived)
    const before = newest.get(series) ?? 0
    const key = keyOf(arrived)
    // What arrived before and was not confirmed comes once more: receivers take a copy of the newest.
    if (arrived.timestampMs === before && kept.has(key)) continue
    if (arrived.timestampMs <= before) wrong.push(`back in time: ${key} after ${before}`)
    if (!expected.has(key)) wrong.push(`never offered: ${key}`)
    newest.set(series, arrived.timestampMs)
    kept.add(key)
  }
  const missing = [...expected].filter(key => !kept.has(key)).length
  if (missing < dropped || missing > dropped + unconfirmed)
    wrong.push(`${missing} missing, ${dropped} counted as dropped, ${unconfirmed} as unconfirmed`)
  if (sent !== undefined && sent + dropped + unconfirmed !== expected.size)
    wrong.push(`${expected.size} offered, ${sent} sent, ${dropped} + ${unconfirmed} dropped`)
  return wrong
}

function seriesOf({ labels }: Pick<Arrived, 'labels'>): string {
  return labels
    .map(([name, value]) => `${name}=${value}`)
    .toSorted((one, other) => one.localeCompare(other))
    .join()
}

function keyOf(arrived: Arrived): string {
  const { timestampMs, isStale, value } = arrived
  return `${seriesOf(arrived)} ${timestampMs} ${isStale ? 'ended' : value}`
}

/** Where it listens. */
export function endpointOf({ options }: Receiver): string {
  if ('endpoint' in options && typeof options.endpoint === 'string') return options.endpoint
  throw new Error('the sink of this receiver has no endpoint')
}
