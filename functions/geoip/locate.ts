import { addressKind } from '../address/kind.ts'
import type { AddressKind } from '../address/kind.ts'
import type { Found } from './database/lookup.ts'

/**
 * `found`: a database places it; `unknown`: public, none does; `folded`: the agent's `other`, or a network such
 * as 198.51.100.0/24, which stand for many addresses; `missing`: a sample without the address label;
 * else the kind of network, which no database is asked for.
 */
export type LookupResult =
  | 'found'
  | 'unknown'
  | 'folded'
  | 'invalid'
  | 'missing'
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

/** Why an address has no place whatever the databases say; undefined for public ones. */
export function passedOver(address: string): LookupResult | undefined {
  if (address === 'other' || address.includes('/')) return 'folded'
  const kind = addressKind(address)
  if (kind === 'public') return undefined
  return kind ?? 'invalid'
}

function lookUp(find: (address: string) => Found, address: string): Lookup {
  const reason = passedOver(address)
  if (reason) return { result: reason }
  const found = find(address)
  return { result: found.place ? 'found' : 'unknown', ...found }
}
