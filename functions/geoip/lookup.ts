import { readFile, stat } from 'node:fs/promises'
import maxmind from 'maxmind'
import type { Reader, Response } from 'maxmind'
import { isIPv6 } from 'node:net'
import { addressIndex } from './index.ts'
import { UnsuitableDatabase } from './index-tree.ts'
import { BrokenDatabase } from './mmdb-decode.ts'
import { parseMmdb } from './mmdb.ts'
import { placeOf } from './place.ts'
import type { Place } from './place.ts'

/** One file in use. */
export type PlaceLookup = {
  readonly databaseType: string
  readonly builtAt: Date
  /** `address` must be an IP address. */
  readonly find: (address: string) => Place | undefined
  /** Why the index refused the database, so that npm `maxmind` reads it. */
  readonly refusal?: string
}

// Node reads no larger file at once.
const MOST_FILE_BYTES = 2 ** 31 - 1

/** Reads an MMDB with places into an index. Throws for a file that is broken or holds no places. */
export async function openLookup(path: string, language = 'en'): Promise<PlaceLookup> {
  const { size } = await stat(path)
  if (size > MOST_FILE_BYTES) return openReader(path, language, 'it is larger than 2 GiB')
  try {
    return indexLookup(await readFile(path), language)
  } catch (error) {
    if (!(error instanceof UnsuitableDatabase)) throw error
    return openReader(path, language, error.message)
  }
}

function indexLookup(file: Buffer, language: string): PlaceLookup {
  if (file[0] === 0x1f && file[1] === 0x8b) throw new Error('it is gzipped; unpack it first')
  const mmdb = parseMmdb(file)
  const { databaseType, builtAt } = mmdb
  requirePlaces(databaseType)
  const { place, recordOf, count, isDamaged } = addressIndex(mmdb, language)
  // Some records from first to last: a file garbled in the middle fails here and not in the map.
  for (let record = 1; record <= count; record += Math.ceil(count / 256)) {
    if (isDamaged(record)) throw new BrokenDatabase('a record of it is damaged')
  }
  return { databaseType, builtAt, find: address => place(recordOf(address)) }
}

async function openReader(path: string, language: string, refusal: string): Promise<PlaceLookup> {
  const reader = await maxmind.open<Response>(path)
  const { databaseType, buildEpoch: builtAt } = reader.metadata
  requirePlaces(databaseType)
  // One address of each /8: a file cut or garbled in the middle fails here and not in the map.
  for (let first = 0; first < 256; first++) reader.get(`${first}.0.0.0`)
  const find = (address: string) => findIn(reader, address, language)
  return { databaseType, builtAt, find, refusal }
}

function findIn(reader: Reader<Response>, address: string, language: string): Place | undefined {
  // A database of IPv4 walks the first 32 bits of an IPv6 address and answers some other place.
  if (reader.metadata.ipVersion === 4 && isIPv6(address)) return undefined
  try {
    return placeOf(reader.get(address), language)
  } catch {
    // A record damaged inside a file that is whole otherwise: this address has no place.
    return undefined
  }
}

function requirePlaces(databaseType: string): void {
  if (/asn|isp|domain|connection|anonymous/i.test(databaseType)) {
    throw new Error(`its type ${databaseType} holds no places`)
  }
}
