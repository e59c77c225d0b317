import { readFile, stat } from 'node:fs/promises'
import maxmind from 'maxmind'
import type { Reader, Response } from 'maxmind'
import { isIPv6 } from 'node:net'
import { addressIndex } from './address-index.ts'
import { UnsuitableDatabase } from './index-tree.ts'
import { networkOf } from './network.ts'
import type { Network } from './network.ts'
import { BrokenDatabase } from './mmdb-decode.ts'
import { parseMmdb } from './mmdb.ts'
import { placeOf } from './place.ts'
import type { Place } from './place.ts'

/** What is known about an address. */
export type Found = {
  readonly place?: Place
  readonly network?: Network
}

/** One file in use. */
export type AddressLookup = {
  readonly databaseType: string
  readonly builtAt: Date
  /** `address` must be an IP address. */
  readonly find: (address: string) => Found
  /** Why the index refused the database, so that npm `maxmind` reads it. */
  readonly refusal?: string
}

// Node reads no larger file at once.
const MOST_FILE_BYTES = 2 ** 31 - 1

/** Reads an MMDB into an index. Throws for a file that is broken, or holds neither places nor networks. */
export async function openLookup(path: string, language = 'en'): Promise<AddressLookup> {
  const { size } = await stat(path)
  if (size > MOST_FILE_BYTES) return openReader(path, language, 'it is larger than 2 GiB')
  try {
    return indexLookup(await readFile(path), language)
  } catch (error) {
    if (!(error instanceof UnsuitableDatabase)) throw error
    return openReader(path, language, error.message)
  }
}

function indexLookup(file: Buffer, language: string): AddressLookup {
  if (file[0] === 0x1f && file[1] === 0x8b) throw new Error('it is gzipped; unpack it first')
  const mmdb = parseMmdb(file)
  const { databaseType, builtAt } = mmdb
  const { place, network, recordOf, count, isDamaged } = addressIndex(mmdb, language)
  // Some records from first to last: a file garbled in the middle fails here and not in the map.
  const tried: Found[] = []
  for (let record = 1; record <= count; record += Math.ceil(count / 256)) {
    if (isDamaged(record)) throw new BrokenDatabase('a record of it is damaged')
    tried.push(foundOf(place(record), network(record)))
  }
  requireContent(tried, databaseType)
  const find = (address: string) => {
    const record = recordOf(address)
    return foundOf(place(record), network(record))
  }
  return { databaseType, builtAt, find }
}

async function openReader(path: string, language: string, refusal: string): Promise<AddressLookup> {
  const reader = await maxmind.open<Response>(path)
  const { databaseType, buildEpoch: builtAt } = reader.metadata
  // One address of each /8: a file cut or garbled in the middle fails here and not in the map.
  const tried = Array.from({ length: 256 }, (_, first) => {
    const record = reader.get(`${first}.0.0.1`)
    return foundOf(placeOf(record, language), networkOf(record))
  })
  requireContent(tried, databaseType)
  return { databaseType, builtAt, refusal, find: address => findIn(reader, address, language) }
}

function findIn(reader: Reader<Response>, address: string, language: string): Found {
  // A database of IPv4 walks the first 32 bits of an IPv6 address and answers some other place.
  if (reader.metadata.ipVersion === 4 && isIPv6(address)) return {}
  try {
    const record = reader.get(address)
    return foundOf(placeOf(record, language), networkOf(record))
  } catch {
    // A record damaged inside a file that is whole otherwise: this address has no place.
    return {}
  }
}

function foundOf(place: Place | undefined, network: Network): Found {
  const { asNumber, asOrganization } = network
  return {
    ...(place && { place }),
    ...((asNumber !== undefined || asOrganization !== undefined) && { network }),
  }
}

/** Types have many names: what a database is good for, its records tell. An empty one may fill up later. */
function requireContent(tried: readonly Found[], databaseType: string): void {
  if (tried.length > 0 && tried.every(({ place, network }) => !place && !network)) {
    throw new Error(`its type ${databaseType.slice(0, 60)} holds neither places nor networks`)
  }
}
