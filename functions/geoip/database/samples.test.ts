import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Reader } from 'maxmind'
import type { Response } from 'maxmind'
import { expect, test } from 'vitest'
import { cacheDir } from '../../../ci/tools/cache.ts'
import { addressIndex } from './address-index.ts'
import type { RangeTables } from './index-ranges.ts'
import { ALIAS, flattenTree, NEXT_WORD } from './index-tree.ts'
import { networkOf } from './network.ts'
import { openLookup } from './lookup.ts'
import { parseMmdb } from './mmdb.ts'
import { placeOf } from './place.ts'

/** MaxMind's own test databases, as ci/setup fetches them. */
const samples = globSync(
  join(cacheDir('samples', 'maxminddb-3.2.0'), '*-data/**/*.mmdb'),
).toSorted()

/** Broken by their names, or records of a size that no place has. */
const isBroken = (path: string) =>
  path.includes('/bad-data/') || /broken|invalid|-dos|limit/i.test(basename(path))
const isUsable = (path: string) => /City|Country|Enterprise|ISP|ASN/.test(basename(path))

const broken = samples.filter(isBroken)
const usable = samples.filter(path => !isBroken(path) && isUsable(path))
const others = samples.filter(path => !isBroken(path) && !isUsable(path))

test('the samples are there, of each kind', () => {
  expect([broken, usable, others].map(({ length }) => length)).toEqual([36, 12, 25])
})

test.each(broken.map(path => [basename(path), path]))(
  '%s is refused in one line',
  async (_, path) => {
    const error = await openLookup(path).then(
      () => 'it was taken',
      (refusal: unknown) => (refusal instanceof Error ? refusal.message : ''),
    )
    expect(error).toMatch(/^.{5,160}$/)
    expect(error).not.toBe('it was taken')
  },
)

test.each(usable.map(path => [basename(path), path]))(
  '%s answers all of its networks as npm maxmind does',
  async (_, path) => {
    const { find, refusal } = await openLookup(path)
    expect(refusal).toBeUndefined()
    const reader = new Reader<Response>(readFileSync(path))
    const addresses = addressesIn(path)
    expect(addresses.length).toBeGreaterThan(50)
    for (const address of addresses) {
      const record = reader.get(address)
      const network = networkOf(record)
      expect(find(address)).toEqual({
        ...(placeOf(record) && { place: placeOf(record) }),
        ...(Object.keys(network).length > 0 && { network }),
      })
    }
  },
)

test.each(others.map(path => [basename(path), path]))(
  '%s is read, and refused for what it holds',
  async (_, path) => {
    const file = readFileSync(path)
    const index = addressIndex(parseMmdb(file))
    const reader = new Reader<Response>(file)
    for (const address of addressesIn(path)) {
      expect(index.recordOf(address) > 0).toBe(reader.get(address) !== null)
    }
    await expect(openLookup(path)).rejects.toThrow('holds neither places nor networks')
  },
)

/** The first address of each range of the database, and so each of its networks. */
function addressesIn(path: string): string[] {
  const { v4, v6 = [] } = flattenTree(parseMmdb(readFileSync(path)))
  return [
    ...Array.from(v4.starts, bits => [24, 16, 8, 0].map(shift => (bits >>> shift) & 255).join('.')),
    ...startsIn(v6, 0, 0).map(words => [...words, 0, 0, 0].slice(0, 4).map(groups).join(':')),
  ]
}

/** The words that ranges of a table begin with, those of their tables of the next word included. */
function startsIn(words: readonly RangeTables[], word: number, table: number): number[][] {
  const { starts, values, begins } = words[word] ?? { starts: [], values: [], begins: [] }
  return Array.from(starts.slice(begins[table], begins[table + 1]), (start, at) => {
    const value = values[(begins[table] ?? 0) + at] ?? 0
    const below =
      value < NEXT_WORD || value >= ALIAS ? [[]] : startsIn(words, word + 1, value - NEXT_WORD)
    return below.map(rest => [start, ...rest])
  }).flat()
}

function groups(word: number): string {
  return `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`
}
