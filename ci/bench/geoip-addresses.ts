import { readFileSync } from 'node:fs'
import { flattenTree } from '../../functions/geoip/index-tree.ts'
import { parseMmdb } from '../../functions/geoip/mmdb.ts'

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
  const { starts, lows } = flattenTree(parseMmdb(readFileSync(database))).v6 ?? {}
  if (!starts || !lows) throw new Error(`${database} holds no IPv6`)
  for (let at = 0; at < bytes.length; at += 16) {
    const network = random() % starts.length
    bytes.writeUInt32BE(starts[network] ?? 0, at)
    bytes.writeUInt32BE(lows[network] ?? 0, at + 4)
  }
  return bytes
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
