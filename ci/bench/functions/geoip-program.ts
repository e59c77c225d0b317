import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import maxmind from 'maxmind'
import type { Response } from 'maxmind'
import { canonicalAddress } from '../../../functions/address/canonical.ts'
import { addressIndex } from '../../../functions/geoip/database/address-index.ts'
import { parseMmdb } from '../../../functions/geoip/database/mmdb.ts'
import { isRecord } from '../../../functions/prometheus/json.ts'

// geoip-program.ts WAY DATABASE FAMILY ADDRESSES: the same as geoip-c/reader.c, by another way. "memory"
// answers what the index holds. One process for each way: no way's code is compiled for another's.
const [way = '', path = '', family = '', addressesPath = ''] = process.argv.slice(2)
const addresses = readFileSync(addressesPath)
const size = family === '4' ? 4 : 16
const count = addresses.length / size

type Way<Found> = {
  readonly find: (at: number) => Found
  readonly latitude: (found: Found) => number
  readonly longitude: (found: Found) => number
  readonly memory?: { readonly bytes: () => number; readonly buildMs: number }
}

await (way === 'maxmind' ? answer(await byMaxmind()) : answer(byIndex(way === 'index-text')))

async function answer<Found>(found: Way<Found>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'time') console.log(time(found))
    else if (line === 'memory') {
      const { bytes, buildMs } = found.memory ?? { bytes: () => 0, buildMs: 0 }
      console.log(`${bytes()} ${buildMs}`)
    } else {
      writeFileSync(line, answers(found))
      console.log('written')
    }
  }
}

function time<Found>({ find, latitude, longitude }: Way<Found>): string {
  let sum = 0
  const start = process.hrtime.bigint()
  for (let at = 0; at < count; at++) {
    const found = find(at)
    const north = latitude(found)
    if (!Number.isNaN(north)) sum += north + longitude(found)
  }
  return `${Number(process.hrtime.bigint() - start) / count} ${sum}`
}

function answers<Found>({ find, latitude, longitude }: Way<Found>): Int32Array {
  const written = new Int32Array(count * 2)
  for (let at = 0; at < count; at++) {
    const found = find(at)
    written[at * 2] = rounded(latitude(found))
    written[at * 2 + 1] = rounded(longitude(found))
  }
  return written
}

function rounded(angle: number): number {
  return Number.isNaN(angle) ? -(2 ** 31) : Math.round(angle * 10_000)
}

function byIndex(isText: boolean): Way<number> {
  const mmdb = parseMmdb(readFileSync(path))
  const start = performance.now()
  const index = addressIndex(mmdb)
  const memory = { bytes: index.bytes, buildMs: performance.now() - start }
  const { latitude, longitude, recordOf, recordOfV4, recordOfV6 } = index
  if (isText) {
    const texts = asTexts()
    return { find: at => recordOf(texts[at] ?? ''), latitude, longitude, memory }
  }
  const words = Uint32Array.from({ length: addresses.length / 4 }, (_, at) =>
    addresses.readUInt32BE(at * 4),
  )
  const word = (at: number) => words[at] ?? 0
  const find =
    size === 4
      ? (at: number) => recordOfV4(word(at))
      : (at: number) =>
          recordOfV6(word(at * 4), word(at * 4 + 1), word(at * 4 + 2), word(at * 4 + 3))
  return { find, latitude, longitude, memory }
}

async function byMaxmind(): Promise<Way<unknown>> {
  const reader = await maxmind.open<Response>(path)
  const texts = asTexts()
  return {
    find: at => reader.get(texts[at] ?? ''),
    latitude: found => degrees(found, 'latitude'),
    longitude: found => degrees(found, 'longitude'),
  }
}

function degrees(record: unknown, name: string): number {
  const value = isRecord(record) ? record[name] : undefined
  return typeof value === 'number' ? value : Number.NaN
}

function asTexts(): string[] {
  return Array.from({ length: count }, (_, at) => {
    const bytes = addresses.subarray(at * size, at * size + size)
    if (size === 4) return bytes.join('.')
    const groups = bytes.toString('hex').match(/.{4}/g) ?? []
    return canonicalAddress(groups.join(':')) ?? ''
  })
}
