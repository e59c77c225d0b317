import { rangeCollector } from './index-ranges.ts'
import type { Ranges } from './index-ranges.ts'
import type { Mmdb } from './mmdb.ts'
import { BrokenDatabase } from './mmdb-decode.ts'

/** A valid database whose shape this index is not made for. */
export class UnsuitableDatabase extends Error {}

// The value of a range is 0 for nothing, the offset of a record + 1, or one of these plus a number:
/** … what the IPv4 address has that stands from this bit on in the address, as in 2002::/16. */
export const ALIAS = 0x80000000
/** … what this table of networks below a /64 says. */
export const DEEP = 0x40000000

const SEPARATOR_BYTES = 16

export type FlatTree = {
  readonly v4: Ranges
  /** By the higher 64 bits of an address. */
  readonly v6?: Ranges
  /** By the lower 64 bits: tables one behind the other, and where each begins. */
  readonly deep?: { readonly ranges: Ranges; readonly begins: readonly number[] }
}

/** So many bits of an address, and where its ranges go. */
type Level = {
  readonly firstBit: number
  readonly bits: 32 | 64
  readonly hasAliases: boolean
  readonly add: (start: number, low: number, value: number) => void
  /** What a node stands for that is still one after all bits of the level. */
  readonly below: (node: number) => number
}

/**
 * Walks the search tree once. An IPv6 tree holds IPv4 at ::/96; that subtree met elsewhere is an
 * alias, as its writer meant it. Throws BrokenDatabase for a damaged tree, or UnsuitableDatabase.
 */
export function flattenTree({ ipVersion, nodeCount, child, data }: Mmdb): FlatTree {
  if (data.length >= DEEP) throw new UnsuitableDatabase('it holds 1 GiB of data or more')
  const visited = new Uint8Array((nodeCount >>> 3) + 1)
  // The nodes above the one that is walked through, by bit.
  const path = new Float64Array(128)
  let ipv4Node = 0
  if (ipVersion === 6) {
    for (let bit = 0; bit < 96 && ipv4Node < nodeCount; bit++) ipv4Node = child(ipv4Node, 0)
  }

  // A tree of n nodes has n + 1 leaves, and each node is walked through once.
  const v4 = rangeCollector(nodeCount + 1, false)
  const below = lastBit
  walk(ipv4Node, 0, 0, 0, { firstBit: 0, bits: 32, hasAliases: false, add: v4.add, below })
  if (ipVersion === 4) return { v4: v4.ranges() }

  const v6 = rangeCollector(nodeCount + 1, true)
  const deep = rangeCollector(nodeCount + 1, true)
  const begins: number[] = []
  const deepLevel: Level = { firstBit: 64, bits: 64, hasAliases: true, add: deep.add, below }
  walk(0, 0, 0, 0, { firstBit: 0, bits: 64, hasAliases: true, add: v6.add, below: deepTable })
  return { v4: v4.ranges(), v6: v6.ranges(), deep: { ranges: deep.ranges(), begins } }

  function walk(node: number, depth: number, start: number, low: number, level: Level): void {
    if (node >= nodeCount) return level.add(start, low, leaf(node))
    if (level.hasAliases && node === ipv4Node) {
      const bit = level.firstBit + depth
      if (bit > 96) throw new BrokenDatabase('its search tree has a loop')
      return level.add(start, low, ALIAS + bit)
    }
    if (depth === level.bits) return level.add(start, low, level.below(node))
    const mask = 1 << (node & 7)
    const seen = visited[node >>> 3] ?? 0
    if (seen & mask) throw metAgain(node, level.firstBit + depth)
    visited[node >>> 3] = seen | mask
    path[level.firstBit + depth] = node
    walk(child(node, 0), depth + 1, start, low, level)
    const half = 2 ** (31 - (depth & 31))
    if (depth < 32) walk(child(node, 1), depth + 1, start + half, low, level)
    else walk(child(node, 1), depth + 1, start, low + half, level)
  }

  function metAgain(node: number, bit: number): Error {
    if (path.subarray(0, bit).includes(node))
      return new BrokenDatabase('its search tree has a loop')
    return new UnsuitableDatabase('branches of its search tree share nodes')
  }

  function deepTable(node: number): number {
    const table = begins.push(deep.begin()) - 1
    walk(node, 0, 0, 0, deepLevel)
    return DEEP + table
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
