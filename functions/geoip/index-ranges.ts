/**
 * Sorted ranges in typed arrays: `starts[i]` up to the next start has `values[i]`. Starts are of 32
 * bits, or of 64 where `lows` is there. The first start is 0, so that every address is in a range.
 */
export type Ranges = {
  readonly starts: Uint32Array
  readonly lows?: Uint32Array | undefined
  readonly values: Uint32Array
  /** Of 64 bits: start and low of every 32nd range, side by side, which the caches hold as a whole. */
  readonly marks?: Uint32Array | undefined
}

/** Collects ranges in order; `most` is how many there can be. Equal neighbours become one. */
export function rangeCollector(most: number, has64Bits: boolean) {
  const starts = new Uint32Array(most)
  const lows = has64Bits ? new Uint32Array(most) : undefined
  const values = new Uint32Array(most)
  let count = 0
  let from = 0
  return {
    add: (start: number, low: number, value: number) => {
      if (count > from && values[count - 1] === value) return
      if (count === most) throw new RangeError('more ranges than there can be')
      starts[count] = start
      if (lows) lows[count] = low
      values[count++] = value
    },
    /** Begins another table behind what there is, and answers where. */
    begin: () => (from = count),
    ranges: (): Ranges => ({
      starts: starts.slice(0, count),
      lows: lows?.slice(0, count),
      values: values.slice(0, count),
      marks: lows && marksOf(starts, lows, count),
    }),
  }
}

const MARK_BITS = 5

function marksOf(starts: Uint32Array, lows: Uint32Array, count: number): Uint32Array {
  const marks = new Uint32Array(2 * Math.ceil(count / 2 ** MARK_BITS))
  for (let at = 0; at < marks.length; at++) {
    const range = (at >>> 1) << MARK_BITS
    marks[at] = (at & 1 ? lows[range] : starts[range]) ?? 0
  }
  return marks
}

// Four megabytes: more would fall out of the caches before it saves a step of the search.
const MOST_PIECE_BITS = 20

/** For each value of the highest bits of a word the range that it begins in. */
export type TopBits = {
  readonly shift: number
  /** The first value, and how many there are; other words are searched for from end to end. */
  readonly base: number
  readonly ranges: Uint32Array
}

/** Cuts the words from `first` to `last` into about as many pieces as there are ranges, 2^20 at most. */
export function topBitsOf(ranges: Ranges, first: number, last: number): TopBits {
  const pieceBits = Math.min(32 - Math.clz32(ranges.starts.length), MOST_PIECE_BITS)
  const shift = 32 - Math.clz32(last - first) - pieceBits
  const base = first >>> shift
  const top = new Uint32Array((last >>> shift) - base + 2)
  const { starts, lows } = ranges
  let range = 0
  for (let slot = 0; slot < top.length; slot++) {
    const word = (base + slot) * 2 ** shift
    while (range + 1 < starts.length && isUpTo(starts, lows, range + 1, word, 0)) range++
    top[slot] = range
  }
  return { shift, base, ranges: top }
}

/** The value of the range that holds the address; `top` must be of the same ranges. */
export function valueAt(ranges: Ranges, top: TopBits, word: number, low: number) {
  const { starts, lows, values, marks } = ranges
  const slot = (word >>> top.shift) - top.base
  let from = 0
  let to = starts.length - 1
  if (slot >= 0 && slot < top.ranges.length - 1) {
    from = top.ranges[slot] ?? 0
    to = top.ranges[slot + 1] ?? 0
  }
  if (marks && (to - from) >> MARK_BITS > 0) {
    const mark = lastMarkUpTo(marks, word, low, from >>> MARK_BITS, to >>> MARK_BITS)
    from = Math.max(from, mark << MARK_BITS)
    to = Math.min(to, ((mark + 1) << MARK_BITS) - 1)
  }
  return values[lastUpTo(starts, lows, word, low, from, to)] ?? 0
}

function lastMarkUpTo(marks: Uint32Array, word: number, low: number, from: number, to: number) {
  let first = from
  let last = to
  while (first < last) {
    const middle = (first + last + 1) >>> 1
    const start = marks[2 * middle] ?? 0
    if (start < word || (start === word && (marks[2 * middle + 1] ?? 0) <= low)) first = middle
    else last = middle - 1
  }
  return first
}

/** The last range between `from` and `to` that begins at the address or before; `from` has to. */
export function lastUpTo(
  starts: Uint32Array,
  lows: Uint32Array | undefined,
  word: number,
  low: number,
  from: number,
  to: number,
): number {
  if (lows) {
    while (from < to) {
      const middle = (from + to + 1) >>> 1
      if (isUpTo(starts, lows, middle, word, low)) from = middle
      else to = middle - 1
    }
    return from
  }
  while (from < to) {
    const middle = (from + to + 1) >>> 1
    if ((starts[middle] ?? 0) <= word) from = middle
    else to = middle - 1
  }
  return from
}

function isUpTo(
  starts: Uint32Array,
  lows: Uint32Array | undefined,
  range: number,
  word: number,
  low: number,
): boolean {
  const start = starts[range] ?? 0
  return start < word || (start === word && (!lows || (lows[range] ?? 0) <= low))
}
