import { addressKind } from '../address/kind.ts'
import type { AddressKind } from '../address/kind.ts'
import type { Place } from './place.ts'

/**
 * `found`: in a database; `unknown`: public, in none; `folded`: the agent's `other`, or a network such
 * as 198.51.100.0/24, which stand for many addresses; else the kind of network, which no database is asked for.
 */
export type LookupResult =
  | 'found'
  | 'unknown'
  | 'folded'
  | 'invalid'
  | Exclude<AddressKind, 'public'>

export type Lookup = { readonly result: LookupResult; readonly place?: Place }

export type Locate = (address: string) => Lookup

/** Places public addresses by `find`; `count` hears the result of every lookup. */
export function locator(
  find: (address: string) => Place | undefined,
  count: (result: LookupResult) => void,
): Locate {
  return address => {
    const lookup = lookUp(find, address)
    count(lookup.result)
    return lookup
  }
}

function lookUp(find: (address: string) => Place | undefined, address: string): Lookup {
  if (address === 'other' || address.includes('/')) return { result: 'folded' }
  const kind = addressKind(address)
  if (kind === undefined) return { result: 'invalid' }
  if (kind !== 'public') return { result: kind }
  const place = find(address)
  return place ? { result: 'found', place } : { result: 'unknown' }
}
