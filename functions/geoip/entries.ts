import type { Found } from './lookup.ts'
import type { Lookup, LookupResult } from './locate.ts'

/** One series of geo_ip: an address with its carried labels, and what is known about it. */
export type Entry = Found & {
  readonly address: string
  /** Values of the carried labels, in their order. */
  readonly carried: readonly string[]
  readonly value: number
}

export type Entries = {
  /** Public addresses only, largest value first. */
  readonly kept: readonly Entry[]
  /** Entries beyond the bound. */
  readonly dropped: number
}

export type EntryCollector = {
  /** Takes a sample: the address, then the carried labels. None of the texts is kept. */
  readonly add: (values: readonly (string | undefined)[], value: number) => void
  /** Whether any sample had an address. */
  readonly hasAddress: () => boolean
  readonly finish: () => Entries
}

// Label values are text; the odd one that holds a zero byte is no address's fault.
const SEPARATOR = '\0'

/**
 * Collects the samples of an answer while it is read. Samples that differ only in labels which are
 * not carried are one entry with the sum of their values. No more than twice the bound is held: from
 * then on a new entry has to be larger than those that were dropped, so that a sum is exact for
 * queries that aggregate by what is carried, and may lack early samples of others.
 */
export function entryCollector(options: {
  maxEntries: number
  /** Why an address has no place, before any database is asked; undefined for public ones. */
  passedOver: (address: string) => LookupResult | undefined
  locate: (address: string) => Lookup
  /** Hears of samples that were passed over. */
  count: (result: LookupResult) => void
}): EntryCollector {
  const { maxEntries, passedOver, locate, count } = options
  // All that is known of an entry stands in its key: a million objects less for the garbage collector.
  const sums = new Map<string, number>()
  let dropped = 0
  let floor = Number.NEGATIVE_INFINITY
  let hasAddress = false

  return {
    hasAddress: () => hasAddress,
    add: (values, value) => {
      const [address] = values
      if (!address) return count('missing')
      hasAddress = true
      const reason = passedOver(address)
      if (reason) return count(reason)
      // A text of its own, which keeps no larger one alive.
      const key = values.join(SEPARATOR)
      const sum = sums.get(key)
      if (sum !== undefined) sums.set(key, sum + value)
      else if (rank(value) <= floor) dropped++
      else {
        sums.set(key, value)
        if (sums.size >= 2 * maxEntries) shrink()
      }
      return undefined
    },
    finish: () => {
      const ranked = [...sums].toSorted(([, a], [, b]) => rank(b) - rank(a))
      const lookups = new Map<string, Lookup>()
      const kept = ranked.slice(0, maxEntries).map(([key, value]): Entry => {
        const [address = '', ...carried] = key.split(SEPARATOR)
        const lookup = lookups.get(address) ?? locate(address)
        lookups.set(address, lookup)
        const { place, network } = lookup
        return { address, carried, value, ...(place && { place }), ...(network && { network }) }
      })
      return { kept, dropped: dropped + ranked.length - kept.length }
    },
  }

  /** Keeps the largest, as many as the bound says. */
  function shrink(): void {
    const ranks = Float64Array.from(sums.values(), rank).toSorted()
    floor = ranks[ranks.length - maxEntries] ?? floor
    let room = maxEntries - (ranks.length - 1 - ranks.lastIndexOf(floor))
    for (const [key, sum] of sums) {
      if (rank(sum) > floor || (rank(sum) === floor && room-- > 0)) continue
      sums.delete(key)
      dropped++
    }
  }
}

/** NaN compares as nothing, and would leave the order undefined. */
function rank(value: number): number {
  return Number.isNaN(value)
    ? -Number.MAX_VALUE
    : Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE))
}
