import { dropsIn, nameDrop, openDrops, type Drop } from '../tables/drops.ts'
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

/** What the entry that carries a reason says in all. */
export type Carried = { readonly reason: string; readonly events: number; readonly bytes: number }

/** What it will say with one more event of so many bytes. Changes nothing. Throws KernelError. */
export function withOneMore(dropsFd: number, reason: string, bytes: number): Carried {
  using drops = open(dropsFd)
  const at = placeOf(drops, reason)?.at ?? 0
  const [events, before] = [Number(drops.words[at]), Number(drops.words[at + 1])]
  return { reason, events: events + 1, bytes: before + bytes }
}

/**
 * Makes it say so. Doing it again changes nothing: programs add to our own entries at any moment, but to
 * these only user space does. Throws KernelError.
 */
export function writeCarried(dropsFd: number, { reason, events, bytes }: Carried): void {
  using drops = open(dropsFd)
  setCarried(drops, reason, () => [BigInt(events), BigInt(bytes)])
}

type Drops = MapMemory & { readonly words: BigUint64Array }

function addCarried(target: Drops, reason: string, events: bigint, bytes: bigint): void {
  setCarried(target, reason, before => [before[0] + events, before[1] + bytes])
}

type Counts = readonly [events: bigint, bytes: bigint]

function setCarried(target: Drops, reason: string, change: (before: Counts) => Counts): void {
  const place = placeOf(target, reason)
  if (place === undefined) return
  const { at } = place
  if (place.isFree) nameDrop(target.bytes, place)
  const [events, bytes] = change([target.words[at] ?? 0n, target.words[at + 1] ?? 0n])
  target.words[at] = events
  target.words[at + 1] = bytes
}

/** Of the entries that carry: that of the reason, one that is free, or the last one for all the rest. */
function placeOf({ bytes }: Drops, reason: string): (Drop & { isFree: boolean }) | undefined {
  const carried = dropsIn(bytes).slice(dropReasons.length)
  const last = carried.pop()
  const place =
    carried.find(one => one.reason === reason) ?? carried.find(one => one.reason === '') ?? last
  const name = place === last ? REST : reason
  return place && { at: place.at, reason: name, isFree: place.reason === '' }
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
