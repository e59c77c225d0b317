import { stat } from 'node:fs/promises'
import { openLookup } from './lookup.ts'
import type { PlaceLookup } from './lookup.ts'
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
  lookup?: PlaceLookup
  problem?: string
}

/**
 * MMDB files, first that knows wins. Missing or broken ones are tried again by `refresh`.
 * `log` hears of each database that is read the slow way.
 */
export function openDatabases(
  paths: readonly string[],
  log: (line: string) => void = () => {},
): Databases {
  const slots: Slot[] = paths.map(path => ({ path }))
  return {
    find: address => {
      for (const { lookup } of slots) {
        const place = lookup?.find(address)
        if (place) return place
      }
      return undefined
    },
    loaded: () =>
      slots.flatMap(({ path, lookup }) => {
        if (!lookup) return []
        const { databaseType, builtAt } = lookup
        return [{ path, databaseType, builtAt }]
      }),
    refresh: async () => {
      for (const slot of slots) await refreshSlot(slot, log)
      return slots.flatMap(({ problem }) => problem ?? [])
    },
  }
}

async function refreshSlot(slot: Slot, log: (line: string) => void): Promise<void> {
  try {
    const { mtimeMs, size, ino } = await stat(slot.path)
    const version = `${ino}/${size}/${mtimeMs}`
    if (version === slot.version) return
    slot.version = version
    slot.lookup = await openLookup(slot.path)
    delete slot.problem
    const { refusal } = slot.lookup
    if (refusal) log(`database ${slot.path}: no index of it (${refusal}); it is read more slowly`)
  } catch (error) {
    const kept = slot.lookup ? '; the one read before stays in use' : ''
    slot.problem = `database ${slot.path}: ${causeOf(error)}${kept}. Use a City database in MMDB format (-d)`
  }
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
