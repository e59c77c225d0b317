import { stat } from 'node:fs/promises'
import { openLookup } from './lookup.ts'
import type { AddressLookup, Found } from './lookup.ts'

export type Database = {
  readonly path: string
  readonly databaseType: string
  readonly builtAt: Date
}

export type Databases = {
  /**
   * Place and network, each by the first database that knows it. `address` must be an IP address.
   * So a City database and one of ASNs complete each other, in either order.
   */
  readonly find: (address: string) => Found
  /** The databases in use, in order; a file that could not be read yet is not among them. */
  readonly loaded: () => readonly Database[]
  /** Opens each file that is new or has changed since; answers what is wrong, file by file. */
  readonly refresh: () => Promise<readonly DatabaseProblem[]>
}

export type DatabaseProblem = {
  readonly path: string
  /** One line with cause and fix. */
  readonly text: string
}

type Slot = {
  readonly path: string
  /** What the file looked like when it was last tried, so that only a change is tried again. */
  version?: string
  lookup?: AddressLookup
  problem?: string
}

/**
 * MMDB files, first that knows wins. Missing or broken ones are tried again by `refresh`.
 * Names are in `language` where a database has them, else in English.
 * `log` hears of each database that is read anew, or the slow way.
 */
export function openDatabases(
  paths: readonly string[],
  { language = 'en', log = () => {} }: { language?: string; log?: (line: string) => void } = {},
): Databases {
  const slots: Slot[] = paths.map(path => ({ path }))
  return {
    find: address => {
      let place: Found['place']
      let network: Found['network']
      for (const { lookup } of slots) {
        const found = lookup?.find(address)
        place ??= found?.place
        network ??= found?.network
        if (place && network) break
      }
      return { ...(place && { place }), ...(network && { network }) }
    },
    loaded: () =>
      slots.flatMap(({ path, lookup }) => {
        if (!lookup) return []
        const { databaseType, builtAt } = lookup
        return [{ path, databaseType, builtAt }]
      }),
    refresh: async () => {
      for (const slot of slots) await refreshSlot(slot, language, log)
      return slots.flatMap(({ path, problem }) => (problem ? [{ path, text: problem }] : []))
    },
  }
}

async function refreshSlot(
  slot: Slot,
  language: string,
  log: (line: string) => void,
): Promise<void> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(slot.path)
    const version = [dev, ino, size, mtimeMs, ctimeMs].join('/')
    if (version === slot.version) return
    slot.version = version
    const isReplaced = slot.lookup !== undefined
    slot.lookup = await openLookup(slot.path, language)
    delete slot.problem
    if (isReplaced) log(`database ${slot.path}: read anew, ${slot.lookup.databaseType}`)
    const { refusal } = slot.lookup
    if (refusal) log(`database ${slot.path}: no index of it (${refusal}); it is read more slowly`)
  } catch (error) {
    // What cannot be read, or not now, may be the same file when it can be read again.
    if (error instanceof Error && 'code' in error) delete slot.version
    const kept = slot.lookup ? '; the one read before stays in use' : ''
    slot.problem = `database ${slot.path}: ${causeOf(error)}${kept}. Use a City, Country or ASN database in MMDB format (-d)`
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message } = error
  const code = 'code' in error ? String(error.code) : undefined
  if (code === 'ENOENT') return 'the file does not exist'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'EACCES') return 'no permission to read it'
  if (code?.startsWith('E')) return `it cannot be read (${code})`
  if (/gzip/.test(message)) return 'it is gzipped; unpack it first'
  return `it is broken (${message.split('\n')[0]})`
}
