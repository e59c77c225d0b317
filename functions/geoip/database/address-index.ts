import { numberRecords } from './index-numbers.ts'
import { lazyRecords } from './index-records.ts'
import type { Records } from './index-records.ts'
import { slotsOf } from './index-slots.ts'
import { ALIAS, flattenTree, NEXT_WORD } from './index-tree.ts'
import { v4Bits, v6FirstHalf, v6Words } from '../../address/bits.ts'
import type { Mmdb } from './mmdb.ts'

type Words = readonly [number, number, number, number]

const COLON_CODE = 58

/** Numbers of records by address, and what the records say. */
export type AddressIndex = Records & {
  /** The record of an IPv4 address given as its 32 bits; 0 where there is none. */
  readonly recordOfV4: (bits: number) => number
  /** The record of an IPv6 address given as four words, highest first; 0 where there is none. */
  readonly recordOfV6: (w0: number, w1: number, w2: number, w3: number) => number
  /**
   * The record of an address as text; 0 where there is none. Of an IPv6 address the second half is only
   * looked at where the first does not tell: whether it is one, has to be known before.
   */
  readonly recordOf: (address: string) => number
  /** What the index holds, the data section included. */
  readonly bytes: () => number
}

/**
 * All of the database by the bits of addresses. An IPv4 database knows no IPv6 address, not even a mapped one.
 * Texts are in `language` where the database has it, else in English.
 * Throws BrokenDatabase or UnsuitableDatabase; damage inside of a record makes that record empty.
 */
export function addressIndex(mmdb: Mmdb, language = 'en'): AddressIndex {
  const { v4, v6 } = flattenTree(mmdb)
  const offsets = numberRecords(
    [v4, ...(v6 ?? [])].map(({ values }) => values),
    mmdb.data.length,
  )
  // A copy, so that the file with its tree can go.
  const records = lazyRecords(mmdb.data.slice(), offsets, language)
  const v4Slots = slotsOf(v4)
  const v6Slots = v6?.map(tables => slotsOf(tables))
  const [first, second] = v6Slots ?? []
  const words = new Uint32Array(4)

  const recordOfV4 = (bits: number) => v4Slots.valueAt(0, bits)

  function recordOfV6(w0: number, w1: number, w2: number, w3: number): number {
    const value = inFirstHalf(w0, w1)
    return value < NEXT_WORD ? value : beyond(value, 2, [w0, w1, w2, w3])
  }

  /** Nearly all networks end within the first two words, and so does this. */
  function inFirstHalf(w0: number, w1: number): number {
    if (!first || !second) return 0
    const value = first.valueAt(0, w0)
    if (value < NEXT_WORD || value >= ALIAS) return value
    return second.valueAt(value - NEXT_WORD, w1)
  }

  function beyond(value: number, word: number, all: Words): number {
    if (value >= ALIAS) return recordOfV4(bitsFrom(value - ALIAS, all))
    if (value < NEXT_WORD) return value
    const next = v6Slots?.[word]?.valueAt(value - NEXT_WORD, all[word] ?? 0) ?? 0
    return beyond(next, word + 1, all)
  }

  return {
    ...records,
    recordOfV4,
    recordOfV6,
    recordOf: address => {
      // Global addresses of IPv6 begin with four digits; an IPv4 address has no colon.
      const bits = address.charCodeAt(4) === COLON_CODE ? -1 : v4Bits(address)
      if (bits >= 0) return recordOfV4(bits)
      if (v6FirstHalf(address, words)) {
        const value = inFirstHalf(words[0] ?? 0, words[1] ?? 0)
        if (value < NEXT_WORD) return value
      }
      if (!v6Words(address, words)) return 0
      // Destructuring would make an iterator for each lookup.
      return recordOfV6(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0)
    },
    bytes: () =>
      [v4Slots, ...(v6Slots ?? [])].reduce((sum, { bytes }) => sum + bytes, records.bytes()),
  }
}

/** The 32 bits from one bit of an address on. */
function bitsFrom(bit: number, words: Words): number {
  const word = words[bit >>> 5] ?? 0
  const rest = bit & 31
  if (rest === 0) return word >>> 0
  return ((word << rest) | ((words[(bit >>> 5) + 1] ?? 0) >>> (32 - rest))) >>> 0
}
