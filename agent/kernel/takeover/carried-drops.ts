import { dropsIn, nameDrop, openDrops } from '../tables/drops.ts'
import { factsOf } from '../system/fdinfo.ts'
import type { MapMemory } from '../system/map-memory.ts'
import { dropReasons, dropValue } from '../wire.gen.ts'

/** Where there is no room for one more name. */
const REST = 'other'

/**
 * Puts what the programs of others could not count, and nobody has told yet, beside our own reasons:
 * by their names, whether our programs have such a reason or not. Nobody may count into the others
 * any more. Doing it again changes nothing. Throws KernelError.
 */
export function carryDrops(from: readonly number[], to: number): void {
  using target = open(to)
  for (const fd of from) {
    if (!isNamed(fd)) continue
    using source = open(fd)
    for (const { reason, at } of dropsIn(source.bytes)) {
      const [events, bytes] = [untold(source.words, at), untold(source.words, at + 1)]
      if (events > 0n || bytes > 0n) addCarried(target, reason, events, bytes)
      // Once: an agent that is killed here and starts again finds nothing left.
      source.words[at + 2] = source.words[at] ?? 0n
      source.words[at + 3] = source.words[at + 1] ?? 0n
    }
  }
}

/** Programs add to our own entries at any moment; to these only user space does. */
export function countDrop(dropsFd: number, reason: string, events: bigint, bytes: bigint): void {
  using drops = open(dropsFd)
  addCarried(drops, reason, events, bytes)
}

type Drops = MapMemory & { readonly words: BigUint64Array }

function addCarried(target: Drops, reason: string, events: bigint, bytes: bigint): void {
  const carried = dropsIn(target.bytes).slice(dropReasons.length)
  const last = carried.pop()
  const place =
    carried.find(one => one.reason === reason) ?? carried.find(one => one.reason === '') ?? last
  if (place === undefined) return
  if (place.reason === '') {
    nameDrop(target.bytes, { reason: place === last ? REST : reason, at: place.at })
  }
  target.words[place.at] = (target.words[place.at] ?? 0n) + events
  target.words[place.at + 1] = (target.words[place.at + 1] ?? 0n) + bytes
}

function untold(words: BigUint64Array, at: number): bigint {
  return (words[at] ?? 0n) - (words[at + 2] ?? 0n)
}

/** The first programs had reasons without names. */
function isNamed(fd: number): boolean {
  return factsOf(fd)('value_size') === dropValue.size
}

function open(fd: number): Drops {
  const memory = openDrops(fd)
  return { ...memory, words: new BigUint64Array(memory.bytes) }
}
