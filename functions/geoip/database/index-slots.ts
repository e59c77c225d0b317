import type { RangeTables } from './index-ranges.ts'
import { UnsuitableDatabase } from './index-tree.ts'

/**
 * Tables of ranges as slots that are jumped to by bits of a word, most often two or three jumps to a
 * value. A slot holds a value below 2^31, or leads on:
 *
 *     1 shift(5) place(26)   to the slots of the bits from `shift` on
 *     1 31(5)    place(26)   to a run: how many starts, the starts, then a value more than these
 *
 * The place of slots is that of word 0, as if they had all words: (place + (word >>> shift)) modulo 2^26
 * needs no mask for the bits that led there.
 */
export type Slots = {
  /** The value that a table has for a word. */
  readonly valueAt: (table: number, word: number) => number
  readonly bytes: number
}

const PLACE_BITS = 26
const PLACE = 2 ** PLACE_BITS - 1
const RUN = 31
const LEADS_ON = 0x80000000

// A run with this many fills one line of the cache.
const MOST_STARTS_IN_RUN = 7
// More bits at once, and a table of few crowded places would be mostly empty.
const MOST_BITS = 16

/** Throws UnsuitableDatabase for ranges that need more slots than `most`, which is what 26 bits tell apart. */
export function slotsOf({ starts, values, begins }: RangeTables, most = PLACE): Slots {
  let slots = new Int32Array(2 * starts.length + 16)
  let count = 0
  const roots = Int32Array.from(begins, (first, table) =>
    slotOf(first, begins[table + 1] ?? starts.length, 0, 32),
  )
  const all = slots.slice(0, count)
  slots = all

  return {
    valueAt: (table, word) => {
      let slot = roots[table] ?? 0
      while (slot < 0) {
        const shift = (slot >>> PLACE_BITS) & 31
        if (shift === RUN) return valueInRun(all, slot & PLACE, word)
        slot = all[(slot + (word >>> shift)) & PLACE] ?? 0
      }
      return slot
    },
    bytes: all.byteLength + roots.byteLength,
  }

  /** Of the ranges from `first` to `end`, which hold the words from `word` on with so many free bits. */
  function slotOf(first: number, end: number, word: number, bits: number): number {
    const inside = end - first - 1
    if (inside === 0) return values[first] ?? 0
    if (inside <= MOST_STARTS_IN_RUN) return runOf(first, end)
    const width = Math.min(bits, MOST_BITS, 32 - Math.clz32(inside))
    const shift = bits - width
    const place = reserve(2 ** width)
    let from = first
    for (let at = 0; at < 2 ** width; at++) {
      const begin = word + at * 2 ** shift
      while (from + 1 < end && (starts[from + 1] ?? 0) <= begin) from++
      let to = from + 1
      while (to < end && (starts[to] ?? 0) < begin + 2 ** shift) to++
      const slot = slotOf(from, to, begin, shift)
      slots[place + at] = slot
      from = to - 1
    }
    return LEADS_ON | (shift << PLACE_BITS) | ((place - (word >>> shift)) & PLACE)
  }

  function runOf(first: number, end: number): number {
    const inside = end - first - 1
    const place = reserve(2 * inside + 2)
    slots[place] = inside
    for (let at = 1; at <= inside; at++) slots[place + at] = starts[first + at] ?? 0
    for (let at = 0; at <= inside; at++) slots[place + 1 + inside + at] = values[first + at] ?? 0
    return LEADS_ON | (RUN << PLACE_BITS) | place
  }

  function reserve(more: number): number {
    const place = count
    count += more
    if (count > most) throw new UnsuitableDatabase('it holds too many networks')
    if (count > slots.length) {
      const larger = new Int32Array(2 * count)
      larger.set(slots)
      slots = larger
    }
    return place
  }
}

function valueInRun(slots: Int32Array, place: number, word: number): number {
  const inside = slots[place] ?? 0
  let at = 0
  while (at < inside && (slots[place + 1 + at] ?? 0) >>> 0 <= word) at++
  return slots[place + 1 + inside + at] ?? 0
}
