import type { Telemetry } from '../../telemetry.ts'
import { factsOf } from '../system/fdinfo.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import { mapMemory, type MapMemory } from '../system/map-memory.ts'
import { dropReasons, dropValue } from '../wire.gen.ts'

/** One entry of the map of drops: a reason, and where its u64 words begin. */
export type Drop = { readonly reason: string; readonly at: number }

/** u64 words of an entry: events, bytes, what was reported of both, and the reason's name. */
const WORDS = dropValue.size / 8
const NAME = dropValue.reason

/** The whole map, as memory that is shared with the kernel. Throws KernelError. */
export function openDrops(fd: number): MapMemory {
  return mapMemory(fd, factsOf(fd)('max_entries') * dropValue.size)
}

export type DropReader = {
  /** Adds what the kernel programs could not count since the last call to the telemetry. */
  readonly read: () => void
  /** What was read by now is with the sinks: no agent after this one tells it again. */
  readonly confirm: () => void
}

/**
 * What was confirmed is kept in `drops`, the memory of the kernel's map: an agent that goes on after
 * another one neither misses a drop nor tells it again. Some reasons may be those of programs before.
 */
export function dropReader(
  drops: ArrayBuffer,
  { kernelDrops, lostBytes }: Pick<Telemetry, 'kernelDrops' | 'lostBytes'>,
): DropReader {
  const words = new BigUint64Array(drops)
  const entries = dropsIn(drops).filter(({ reason }) => reason !== '')
  const counters = entries.flatMap(({ at }) => [at, at + 1])
  const told = new Map(counters.map(at => [at, words[at + 2] ?? 0n]))
  const takeNew = (at: number) => {
    const [now = 0n, before = 0n] = [words[at], told.get(at)]
    told.set(at, now)
    return Number(now - before)
  }
  // Known from the start, so that a rate can be taken of the first loss.
  for (const { reason } of entries) {
    kernelDrops.inc({ reason }, 0)
    lostBytes.inc({ reason }, 0)
  }
  return {
    read: () => {
      for (const { reason, at } of entries) {
        kernelDrops.inc({ reason }, takeNew(at))
        lostBytes.inc({ reason }, takeNew(at + 1))
      }
    },
    confirm: () => {
      for (const [at, count] of told) words[at + 2] = count
    },
  }
}

/** Every entry of the map, in its order; those to carry a reason of others may have none yet. */
export function dropsIn(drops: ArrayBuffer): Drop[] {
  const bytes = Buffer.from(drops)
  return Array.from({ length: drops.byteLength / dropValue.size }, (_, index) => {
    const start = index * dropValue.size + NAME.offset
    const name = bytes.subarray(start, start + NAME.size)
    const [reason = ''] = name.toString('latin1').split('\0')
    return { reason, at: index * WORDS }
  })
}

export function nameDrop(drops: ArrayBuffer, { reason, at }: Drop): void {
  const name = Buffer.from(drops, at * 8 + NAME.offset, NAME.size)
  name.fill(0)
  name.write(reason, 0, NAME.size - 1, 'latin1')
}

/** Gives each entry of ours its name. To be done before anything counts. Gives 0 or the negative errno. */
export function nameOwnDrops(dropsFd: number): number {
  const value = new Uint32Array(dropValue.size / 4)
  for (const [index, reason] of dropReasons.entries()) {
    nameDrop(value.buffer, { reason, at: 0 })
    const result = loadLibbpf().update(dropsFd, Uint32Array.of(index), value)
    if (result < 0) return result
  }
  return 0
}
