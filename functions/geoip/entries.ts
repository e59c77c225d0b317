import type { Locate } from './locate.ts'
import type { Found } from './lookup.ts'
import type { VectorSample } from '../prometheus/answer.ts'

/** One series of geo_ip: an address with its carried labels, and what is known about it. */
export type Entry = Found & {
  readonly address: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export type Entries = {
  /** Public addresses only, largest value first. */
  readonly kept: readonly Entry[]
  /** Entries beyond the bound. */
  readonly dropped: number
}

/**
 * Places the samples of a query's answer. Samples that differ only in labels which are not carried
 * are one entry with the sum of their values. Throws Error when no sample has the address label.
 */
export function entriesOf(
  samples: readonly VectorSample[],
  options: { addressLabel: string; labels: readonly string[]; maxEntries: number; locate: Locate },
): Entries {
  const { addressLabel, labels, maxEntries, locate } = options
  if (samples.length > 0 && !samples.some(sample => sample.labels[addressLabel])) {
    const found = Object.keys(samples[0]?.labels ?? {}).join(', ') || 'none'
    throw new Error(
      `the query's result has no label ${addressLabel} (it has: ${found}); name the address label by -i`,
    )
  }
  const sums = new Map<string, Entry>()
  const lookups = new Map<string, ReturnType<Locate>>()
  for (const { labels: all, value } of samples) {
    const address = all[addressLabel]
    if (!address) continue
    const lookup = lookups.get(address) ?? locate(address)
    lookups.set(address, lookup)
    if (lookup.result !== 'found' && lookup.result !== 'unknown') continue
    const carried = Object.fromEntries(
      labels.flatMap(name => (all[name] ? [[name, all[name]] as const] : [])),
    )
    const key = JSON.stringify([address, carried])
    const sum = (sums.get(key)?.value ?? 0) + value
    sums.set(key, { address, labels: carried, value: sum, ...lookup })
  }
  const ranked = [...sums.values()].toSorted((a, b) => rank(b.value) - rank(a.value))
  return { kept: ranked.slice(0, maxEntries), dropped: Math.max(0, ranked.length - maxEntries) }
}

/** NaN compares as nothing, and would leave the order undefined. */
function rank(value: number): number {
  return Number.isNaN(value)
    ? -Number.MAX_VALUE
    : Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE))
}
