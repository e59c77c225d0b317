import { readFileSync } from 'node:fs'
import { ALIAS, flattenTree, NEXT_WORD } from '../../../functions/geoip/database/index-tree.ts'
import { parseMmdb } from '../../../functions/geoip/database/mmdb.ts'

export type Family = 4 | 6

/**
 * Random addresses in network order, 4 or 16 bytes each; the same ones in each run. IPv4 from all
 * addresses. As good as all of IPv6 is in no database: those are in random networks of the database.
 */
export function randomAddresses(family: Family, database: string, count: number): Buffer {
  const random = randomWords(family)
  const bytes = Buffer.alloc(count * (family === 4 ? 4 : 16))
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(random(), at)
  if (family === 4) return bytes
  const networks = networksOf(database)
  for (let at = 0; at < bytes.length; at += 16) {
    const network = 2 * (random() % (networks.length / 2))
    bytes.writeUInt32BE(networks[network] ?? 0, at)
    bytes.writeUInt32BE(networks[network + 1] ?? 0, at + 4)
  }
  return bytes
}

/** The first two words of each network that a database tells apart by these. */
function networksOf(database: string): Uint32Array {
  const [first, second] = flattenTree(parseMmdb(readFileSync(database))).v6 ?? []
  if (!first || !second) throw new Error(`${database} holds no IPv6`)
  const networks = new Uint32Array(2 * (first.starts.length + second.starts.length))
  let count = 0
  for (const [range, start] of first.starts.entries()) {
    const value = first.values[range] ?? 0
    const table = value - NEXT_WORD
    const isSplit = value >= NEXT_WORD && value < ALIAS
    const lows = second.starts.subarray(second.begins[table], second.begins[table + 1])
    for (const low of isSplit ? lows : [0]) {
      networks[count++] = start
      networks[count++] = low
    }
  }
  return networks.subarray(0, count)
}

/** `count` draws from these addresses, the nth of them 1/n times as often as the first. */
export function zipfAddresses(family: Family, from: Buffer, count: number): Buffer {
  const bytes = family === 4 ? 4 : 16
  const addresses = from.length / bytes
  const random = randomWords(family + 100)
  const drawn = Buffer.alloc(count * bytes)
  for (let draw = 0; draw < count; draw++) {
    // The inverse of the logarithm that the harmonic sums follow.
    const rank = Math.min(Math.floor((addresses + 1) ** (random() / 2 ** 32)), addresses) - 1
    from.copy(drawn, draw * bytes, rank * bytes, (rank + 1) * bytes)
  }
  return drawn
}

/** Marsaglia's xorshift, three shifts that pass through all words but 0. */
function randomWords(seed: number): () => number {
  let word = seed * 2_654_435_761
  return () => {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    return word >>> 0
  }
}
