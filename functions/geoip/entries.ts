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
  /** Takes a sample: the address, then the carried labels. The texts are copied where they stay. */
  readonly add: (values: readonly (string | undefined)[], value: number) => void
  /** Whether any sample had an address. */
  readonly hasAddress: () => boolean
  readonly finish: () => Entries
}

type Draft = { readonly address: string; readonly carried: readonly string[]; value: number }

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
  const drafts = new Map<string, Draft>()
  const texts = new Map<string, string>()
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
      let key = address
      for (let label = 1; label < values.length; label++) key += `\n${values[label] ?? ''}`
      const draft = drafts.get(key)
      if (draft) {
        draft.value += value
        return undefined
      }
      if (rank(value) <= floor) {
        dropped++
        return undefined
      }
      const carried = values.slice(1).map(text => (text ? kept(text) : ''))
      drafts.set(copy(key), { address: copy(address), carried, value })
      if (drafts.size >= 2 * maxEntries) shrink()
      return undefined
    },
    finish: () => {
      const ranked = [...drafts.values()].toSorted((a, b) => rank(b.value) - rank(a.value))
      const lookups = new Map<string, Lookup>()
      const entries = ranked.slice(0, maxEntries).map(({ address, carried, value }): Entry => {
        const lookup = lookups.get(address) ?? locate(address)
        lookups.set(address, lookup)
        const { place, network } = lookup
        return { address, carried, value, ...(place && { place }), ...(network && { network }) }
      })
      return { kept: entries, dropped: dropped + ranked.length - entries.length }
    },
  }

  /** Keeps the largest, as many as the bound says. */
  function shrink(): void {
    const ranks = Float64Array.from(drafts.values(), ({ value }) => rank(value)).toSorted()
    floor = ranks[ranks.length - maxEntries] ?? floor
    const larger = ranks.length - 1 - ranks.lastIndexOf(floor)
    let room = maxEntries - larger
    for (const [key, { value }] of drafts) {
      if (rank(value) > floor || (rank(value) === floor && room-- > 0)) continue
      drafts.delete(key)
      dropped++
    }
  }

  /** Namespaces and pods come again and again. */
  function kept(text: string): string {
    const there = texts.get(text)
    if (there !== undefined) return there
    if (texts.size >= 4 * maxEntries) texts.clear()
    const own = copy(text)
    texts.set(own, own)
    return own
  }
}

/** A text that keeps no larger one alive. */
function copy(text: string): string {
  return Buffer.from(text).toString()
}

/** NaN compares as nothing, and would leave the order undefined. */
function rank(value: number): number {
  return Number.isNaN(value)
    ? -Number.MAX_VALUE
    : Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE))
}
