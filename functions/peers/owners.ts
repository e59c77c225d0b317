import { winner } from './owner.ts'
import type { Owner } from './owner.ts'

/** Who claims which address. Equal addresses stand in the same part, whoever claims them. */
export type Owners = {
  /** Puts the claims of `next` where those of `before` were. Gives how many found room and how many not. */
  readonly replace: (
    before: readonly Owner[],
    next: readonly Owner[],
  ) => { readonly claimed: number; readonly leftOut: number }
  readonly of: (address: string) => Owner | undefined
  readonly part: (index: number) => Part
  readonly partOf: (address: string) => number
  readonly parts: number
  /** Pairs of an address and somebody who claims it. */
  readonly size: () => number
}

/** Winners by address. */
export type Part = Iterable<readonly [address: string, owner: Owner]>

/** One owner as a rule; more while several claim the address, in no order. */
type Claimants = Owner | readonly Owner[]

/** At `limit` pairs of address and owner, further ones find no room. */
export function createOwners(limit: number, parts = 1_024): Owners {
  const byAddress = Array.from({ length: parts }, () => new Map<string, Claimants>())
  let size = 0

  const indexOf = (address: string) => hashOf(address) % parts
  const partOf = (address: string) => byAddress[indexOf(address)] ?? new Map()

  function claim(address: string, owner: Owner): boolean {
    if (size >= limit) return false
    const part = partOf(address)
    const others = part.get(address)
    part.set(address, others === undefined ? owner : [...listOf(others), owner])
    size += 1
    return true
  }

  function release(address: string, owner: Owner): void {
    const part = partOf(address)
    const all = part.get(address)
    if (all === undefined) return
    const claimants = listOf(all)
    const left = claimants.filter(one => one !== owner)
    if (left.length === claimants.length) return
    size -= 1
    const [only] = left
    if (only === undefined) part.delete(address)
    else part.set(address, left.length === 1 ? only : left)
  }

  return {
    parts,
    partOf: indexOf,
    replace: (before, next) => {
      for (const owner of before) for (const address of owner.addresses) release(address, owner)
      let claimed = 0
      let leftOut = 0
      for (const owner of next) {
        for (const address of owner.addresses) {
          if (claim(address, owner)) claimed += 1
          else leftOut += 1
        }
      }
      return { claimed, leftOut }
    },
    of: address => {
      const claimants = partOf(address).get(address)
      return claimants === undefined ? undefined : holderOf(claimants)
    },
    part: index => winnersOf(byAddress[index] ?? new Map()),
    size: () => size,
  }
}

function* winnersOf(part: ReadonlyMap<string, Claimants>): Part {
  for (const [address, claimants] of part) yield [address, holderOf(claimants)]
}

function holderOf(claimants: Claimants): Owner {
  return isList(claimants) ? claimants.reduce(winner) : claimants
}

function listOf(claimants: Claimants): readonly Owner[] {
  return isList(claimants) ? claimants : [claimants]
}

function isList(claimants: Claimants): claimants is readonly Owner[] {
  return Array.isArray(claimants)
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0
}
