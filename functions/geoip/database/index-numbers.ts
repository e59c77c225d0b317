import { NEXT_WORD } from './index-tree.ts'

/**
 * Replaces offsets of records in the tables by numbers from 1, in order of the offsets, and answers
 * the offset of each number. Other values stay: nothing, aliases and tables below.
 */
export function numberRecords(tables: readonly Uint32Array[], dataBytes: number): Uint32Array {
  const used = new Uint32Array((dataBytes >>> 5) + 1)
  forEachOffset(tables, (_, __, offset) => {
    used[offset >>> 5] = (used[offset >>> 5] ?? 0) | (1 << (offset & 31))
  })
  // How many offsets are used before each word of 32.
  const before = new Uint32Array(used.length)
  let count = 0
  for (const [word, bits] of used.entries()) {
    before[word] = count
    count += bitsIn(bits)
  }
  const offsets = new Uint32Array(count + 1)
  forEachOffset(tables, (table, at, offset) => {
    const lower = (used[offset >>> 5] ?? 0) & ((1 << (offset & 31)) - 1)
    const number = (before[offset >>> 5] ?? 0) + bitsIn(lower) + 1
    offsets[number] = offset
    table[at] = number
  })
  return offsets
}

function forEachOffset(
  tables: readonly Uint32Array[],
  each: (table: Uint32Array, at: number, offset: number) => void,
): void {
  for (const table of tables) {
    for (let at = 0; at < table.length; at++) {
      const value = table[at] ?? 0
      if (value > 0 && value < NEXT_WORD) each(table, at, value - 1)
    }
  }
}

/** Adds up neighbours: of two bits, of four, of eight, then all bytes at once. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
