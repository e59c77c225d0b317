/**
 * Sorted ranges of 32-bit words in typed arrays: `starts[i]` up to the next start has `values[i]`. Tables
 * stand one behind the other; the first start of each is 0, so that every word is in a range of it.
 */
export type RangeTables = {
  readonly starts: Uint32Array
  readonly values: Uint32Array
  /** Where each table begins. */
  readonly begins: readonly number[]
}

/** Collects ranges in order; `most` is how many there can be. Equal neighbours become one. */
export function rangeCollector(most: number) {
  const starts = new Uint32Array(most)
  const values = new Uint32Array(most)
  const begins: number[] = []
  let count = 0
  return {
    /** Begins another table behind what there is, and answers its number. */
    begin: () => begins.push(count) - 1,
    add: (start: number, value: number) => {
      if (count > (begins.at(-1) ?? 0) && values[count - 1] === value) return
      if (count === most) throw new RangeError('more ranges than there can be')
      starts[count] = start
      values[count++] = value
    },
    tables: (): RangeTables => ({
      starts: starts.subarray(0, count),
      values: values.subarray(0, count),
      begins,
    }),
  }
}
