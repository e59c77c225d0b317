import { stat } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import maxmind from 'maxmind'
import type { Reader, Response } from 'maxmind'
import { placeOf } from './place.ts'
import type { Place } from './place.ts'

export type Database = {
  readonly path: string
  readonly databaseType: string
  readonly builtAt: Date
}

export type Databases = {
  /** The place by the first database that knows the address. `address` must be an IP address. */
  readonly find: (address: string) => Place | undefined
  /** The databases in use, in order; a file that could not be read yet is not among them. */
  readonly loaded: () => readonly Database[]
  /** Opens each file that is new or has changed since; answers what is wrong, one line a file. */
  readonly refresh: () => Promise<readonly string[]>
}

type Slot = {
  readonly path: string
  /** What the file looked like when it was last tried, so that only a change is tried again. */
  version?: string
  reader?: Reader<Response>
  problem?: string
}

/** MMDB files, first that knows wins. Missing or broken ones are tried again by `refresh`. */
export function openDatabases(paths: readonly string[]): Databases {
  const slots: Slot[] = paths.map(path => ({ path }))
  return {
    find: address => {
      for (const { reader } of slots) {
        const place = reader && findIn(reader, address)
        if (place) return place
      }
      return undefined
    },
    loaded: () =>
      slots.flatMap(({ path, reader }) =>
        reader
          ? [
              {
                path,
                databaseType: reader.metadata.databaseType,
                builtAt: reader.metadata.buildEpoch,
              },
            ]
          : [],
      ),
    refresh: async () => {
      for (const slot of slots) await refreshSlot(slot)
      return slots.flatMap(({ problem }) => problem ?? [])
    },
  }
}

function findIn(reader: Reader<Response>, address: string): Place | undefined {
  // A database of IPv4 walks the first 32 bits of an IPv6 address and answers some other place.
  if (reader.metadata.ipVersion === 4 && isIPv6(address)) return undefined
  try {
    return placeOf(reader.get(address))
  } catch {
    // A record damaged inside a file that is whole otherwise: this address has no place.
    return undefined
  }
}

async function refreshSlot(slot: Slot): Promise<void> {
  try {
    const { mtimeMs, size, ino } = await stat(slot.path)
    const version = `${ino}/${size}/${mtimeMs}`
    if (version === slot.version) return
    slot.version = version
    slot.reader = await openReader(slot.path)
    delete slot.problem
  } catch (error) {
    const kept = slot.reader ? '; the one read before stays in use' : ''
    slot.problem = `database ${slot.path}: ${causeOf(error)}${kept}. Use a City database in MMDB format (-d)`
  }
}

async function openReader(path: string): Promise<Reader<Response>> {
  const reader = await maxmind.open<Response>(path)
  const { databaseType } = reader.metadata
  if (/asn|isp|domain|connection|anonymous/i.test(databaseType)) {
    throw new Error(`its type ${databaseType} holds no places`)
  }
  // One address of each /8: a file cut or garbled in the middle fails here and not in the map.
  for (let first = 0; first < 256; first++) reader.get(`${first}.0.0.0`)
  return reader
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message } = error
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'the file does not exist'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'EACCES') return 'no permission to read it'
  if (/gzip/.test(message)) return 'it is gzipped; unpack it first'
  return `it is broken (${message.split('\n')[0]})`
}
