import { numberRecords } from './index-numbers.ts'
import { lazyRecords } from './index-records.ts'
import type { Records } from './index-records.ts'
import { ALIAS, DEEP, flattenTree } from './index-tree.ts'
import { lastUpTo, topBitsOf, valueAt } from './index-ranges.ts'
import { v4Bits, v6Words } from '../address/bits.ts'
import type { Mmdb } from './mmdb.ts'

/** Numbers of records by address, and what the records say. */
export type AddressIndex = Records & {
  /** The record of an IPv4 address given as its 32 bits; 0 where there is none. */
  readonly recordOfV4: (bits: number) => number
  /** The record of an IPv6 address given as four words, highest first; 0 where there is none. */
  readonly recordOfV6: (w0: number, w1: number, w2: number, w3: number) => number
  /** The record of an address as text; 0 where there is none, and for text that is no address. */
  readonly recordOf: (address: string) => number
  /** What the index holds, the data section included. */
  readonly bytes: () => number
}

/**
 * Flat ranges of the whole database. An IPv4 database knows no IPv6 address, not even a mapped one.
 * Texts are in `language` where the database has it, else in English.
 * Throws BrokenDatabase or UnsuitableDatabase; damage inside of a record makes that record empty.
 */
export function addressIndex(mmdb: Mmdb, language = 'en'): AddressIndex {
  const { v4, v6, deep } = flattenTree(mmdb)
  const tables = [v4, v6, deep?.ranges].flatMap(ranges => ranges ?? [])
  const offsets = numberRecords(
    tables.map(({ values }) => values),
    mmdb.data.length,
  )
  // A copy, so that the file with its tree can go.
  const records = lazyRecords(mmdb.data.slice(), offsets, language)
  const v4Top = topBitsOf(v4, 0, 0xffffffff)
  // All of the global unicast addresses that are given out.
  const v6Top = v6 && topBitsOf(v6, 0x20000000, 0x3fffffff)
  const words = new Uint32Array(4)

  const recordOfV4 = (bits: number) => valueAt(v4, v4Top, bits, 0)

  function recordOfV6(w0: number, w1: number, w2: number, w3: number): number {
    if (!v6 || !v6Top) return 0
    const value = valueAt(v6, v6Top, w0, w1)
    return value < DEEP ? value : beyond(value, w0, w1, w2, w3)
  }

  function beyond(value: number, w0: number, w1: number, w2: number, w3: number): number {
    if (value >= ALIAS) return recordOfV4(bitsFrom(value - ALIAS, [w0, w1, w2, w3]))
    if (value < DEEP || !deep) return value
    const { begins, ranges } = deep
    const table = value - DEEP
    const from = begins[table] ?? 0
    const to = (begins[table + 1] ?? ranges.starts.length) - 1
    const range = lastUpTo(ranges.starts, ranges.lows, w2, w3, from, to)
    return beyond(ranges.values[range] ?? 0, w0, w1, w2, w3)
  }

  return {
    ...records,
    recordOfV4,
    recordOfV6,
    recordOf: address => {
      const bits = v4Bits(address)
      if (bits >= 0) return recordOfV4(bits)
      if (!v6 || !v6Words(address, words)) return 0
      // Destructuring would make an iterator for each lookup.
      return recordOfV6(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0)
    },
    bytes: () => {
      const arrays = tables.flatMap(({ starts, lows, values }) => [starts, lows, values])
      const tops = [v4Top.ranges, v6Top?.ranges]
      const sizes = [...arrays, ...tops].map(array => array?.byteLength ?? 0)
      return sizes.reduce((sum, size) => sum + size, records.bytes())
    },
  }
}

/** The 32 bits from one bit of an address on. */
function bitsFrom(bit: number, words: readonly [number, number, number, number]): number {
  const word = words[bit >>> 5] ?? 0
  const rest = bit & 31
  if (rest === 0) return word >>> 0
  return ((word << rest) | ((words[(bit >>> 5) + 1] ?? 0) >>> (32 - rest))) >>> 0
}
