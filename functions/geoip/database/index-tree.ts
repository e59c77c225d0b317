import { rangeCollector } from './index-ranges.ts'
import type { RangeTables } from './index-ranges.ts'
import type { Mmdb } from './mmdb.ts'
import { BrokenDatabase } from './mmdb-decode.ts'

/** A valid database whose shape this index is not made for. */
export class UnsuitableDatabase extends Error {}

// The value of a range is 0 for nothing, the offset of a record + 1, or one of these plus a number:
/** … what this table of the next word of an address says. */
export const NEXT_WORD = 0x40000000
/** … what the IPv4 address has that stands from this bit on in the address, as in 2002::/16. */
export const ALIAS = 0x60000000

const SEPARATOR_BYTES = 16

export type FlatTree = {
  readonly v4: RangeTables
  /** By each word of an address, highest first. */
  readonly v6?: readonly RangeTables[]
}

/** A word of an address, and where its ranges go. */
type Level = {
  readonly firstBit: number
  readonly hasAliases: boolean
  readonly add: (start: number, value: number) => void
  /** What a node stands for that is still one after all bits of the word. */
  readonly below: (node: number) => number
}

/**
 * Walks the search tree once. An IPv6 tree holds IPv4 at ::/96; that subtree met elsewhere is an
 * alias, as its writer meant it. Throws BrokenDatabase for a damaged tree, or UnsuitableDatabase.
 */
export function flattenTree({ ipVersion, nodeCount, child, data }: Mmdb): FlatTree {
  if (data.length >= NEXT_WORD) throw new UnsuitableDatabase('it holds 1 GiB of data or more')
  const visited = new Uint8Array((nodeCount >>> 3) + 1)
  // The nodes above the one that is walked through, by bit.
  const path = new Float64Array(128)
  let ipv4Node = 0
  if (ipVersion === 6) {
    for (let bit = 0; bit < 96 && ipv4Node < nodeCount; bit++) ipv4Node = child(ipv4Node, 0)
  }

  // A tree of n nodes has n + 1 leaves, and each node is walked through once.
  const v4 = rangeCollector(nodeCount + 1)
  v4.begin()
  walk(ipv4Node, 0, 0, { firstBit: 0, hasAliases: false, add: v4.add, below: lastBit })
  if (ipVersion === 4) return { v4: v4.tables() }

  const words = [0, 32, 64, 96].map(() => rangeCollector(nodeCount + 1))
  tableOf(0, 0)
  return { v4: v4.tables(), v6: words.map(({ tables }) => tables()) }

  /** Walks through what is below a node into a table of the word, and answers its number. */
  function tableOf(root: number, word: number): number {
    const collector = words[word]
    if (!collector) return lastBit()
    const table = collector.begin()
    const below = (node: number) => NEXT_WORD + tableOf(node, word + 1)
    walk(root, 0, 0, { firstBit: 32 * word, hasAliases: true, add: collector.add, below })
    return table
  }

  function walk(node: number, depth: number, start: number, level: Level): void {
    if (node >= nodeCount) return level.add(start, leaf(node))
    if (level.hasAliases && node === ipv4Node) {
      const bit = level.firstBit + depth
      if (bit > 96) throw new BrokenDatabase('its search tree has a loop')
      return level.add(start, ALIAS + bit)
    }
    if (depth === 32) return level.add(start, level.below(node))
    const mask = 1 << (node & 7)
    const seen = visited[node >>> 3] ?? 0
    if (seen & mask) throw metAgain(node, level.firstBit + depth)
    visited[node >>> 3] = seen | mask
    path[level.firstBit + depth] = node
    walk(child(node, 0), depth + 1, start, level)
    walk(child(node, 1), depth + 1, start + 2 ** (31 - depth), level)
  }

  function metAgain(node: number, bit: number): Error {
    if (path.subarray(0, bit).includes(node))
      return new BrokenDatabase('its search tree has a loop')
    return new UnsuitableDatabase('branches of its search tree share nodes')
  }

  function leaf(node: number): number {
    if (node === nodeCount) return 0
    const offset = node - nodeCount - SEPARATOR_BYTES
    if (offset < 0 || offset >= data.length) {
      throw new BrokenDatabase(`its search tree points to ${offset}, outside of its data`)
    }
    return offset + 1
  }
}

function lastBit(): never {
  throw new BrokenDatabase('its search tree goes on behind the last bit of an address')
}
