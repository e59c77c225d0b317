import type { Found } from './database/lookup.ts'
import type { Lookup, LookupResult } from './locate.ts'
import { sumTable } from './sum-table.ts'

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
  /** Forgets the answer before. */
  readonly begin: () => void
  /** Takes a sample: the address, then the carried labels. None of the texts is kept. */
  readonly add: (values: readonly (string | undefined)[], value: number) => void
  /** Whether any sample had an address. */
  readonly hasAddress: () => boolean
  readonly finish: () => Entries
}

/**
 * Collects the samples of one answer after the other while they are read. Samples that differ only in
 * labels which are not carried are one entry with the sum of their values. No more than twice the bound
 * is held: from then on a new entry has to be larger than those that were dropped, so that a sum is exact
 * for queries that aggregate by what is carried, and may lack early samples of others.
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
  const table = sumTable()
  let dropped = 0
  let floor = Number.NEGATIVE_INFINITY
  let hasAddress = false
  const isWanted = (value: number) => rank(value) > floor

  return {
    begin: () => {
      table.clear()
      dropped = 0
      floor = Number.NEGATIVE_INFINITY
      hasAddress = false
    },
    hasAddress: () => hasAddress,
    add: (values, value) => {
      const [address] = values
      if (!address) return count('missing')
      hasAddress = true
      const reason = passedOver(address)
      if (reason) return count(reason)
      if (!table.add(values, value, isWanted)) dropped++
      else if (table.size() >= 2 * maxEntries) shrink()
      return undefined
    },
    finish: () => {
      shrink()
      const sums = table.sums()
      const lookups = new Map<string, Lookup>()
      const numbers = Uint32Array.from(sums.keys())
      const ranked = numbers.toSorted((a, b) => rank(sums[b] ?? 0) - rank(sums[a] ?? 0))
      const kept = Array.from(ranked, (number): Entry => {
        const [address = '', ...carried] = table.keyAt(number)
        const lookup = lookups.get(address) ?? locate(address)
        lookups.set(address, lookup)
        const { place, network } = lookup
        const value = sums[number] ?? 0
        return { address, carried, value, ...(place && { place }), ...(network && { network }) }
      })
      return { kept, dropped }
    },
  }

  /** Keeps the largest, as many as the bound says. */
  function shrink(): void {
    const sums = table.sums()
    if (sums.length <= maxEntries) return
    const ranks = sums.map(rank).toSorted()
    floor = ranks[ranks.length - maxEntries] ?? floor
    let room = maxEntries - (ranks.length - 1 - ranks.lastIndexOf(floor))
    dropped += sums.length - maxEntries
    table.keep(number => {
      const ranked = rank(sums[number] ?? 0)
      return ranked > floor || (ranked === floor && room-- > 0)
    })
  }
}

/** NaN compares as nothing, and would leave the order undefined. */
function rank(value: number): number {
  return Number.isNaN(value)
    ? -Number.MAX_VALUE
    : Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE))
}
