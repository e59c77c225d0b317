import { addressKind } from '../address/kind.ts'
import type { AddressKind } from '../address/kind.ts'
import type { Found } from './lookup.ts'

/**
 * `found`: a database places it; `unknown`: public, none does; `folded`: the agent's `other`, or a network such
 * as 198.51.100.0/24, which stand for many addresses; else the kind of network, which no database is asked for.
 */
export type LookupResult =
  | 'found'
  | 'unknown'
  | 'folded'
  | 'invalid'
  | Exclude<AddressKind, 'public'>

export type Lookup = { readonly result: LookupResult } & Found

export type Locate = (address: string) => Lookup

/** Places public addresses by `find`; `count` hears the result of every lookup. */
export function locator(
  find: (address: string) => Found,
  count: (result: LookupResult) => void,
): Locate {
  return address => {
    const lookup = lookUp(find, address)
    count(lookup.result)
    return lookup
  }
}

function lookUp(find: (address: string) => Found, address: string): Lookup {
  if (address === 'other' || address.includes('/')) return { result: 'folded' }
  const kind = addressKind(address)
  if (kind === undefined) return { result: 'invalid' }
  if (kind !== 'public') return { result: kind }
  const found = find(address)
  return { result: found.place ? 'found' : 'unknown', ...found }
}
