import type { Telemetry } from '../telemetry.ts'
import { dropReasons, dropValue } from './wire.gen.ts'

/** u64 per reason: events, bytes, and what was reported of both. */
const WORDS = dropValue.size / 8

export type DropReader = {
  /** Adds what the kernel programs could not count since the last call to the telemetry. */
  readonly read: () => void
  /** What was read by now is with the sinks: no agent after this one tells it again. */
  readonly confirm: () => void
}

/**
 * What was confirmed is kept in `drops`, the memory of the kernel's map: an agent that goes on after
 * another one neither misses a drop nor tells it again.
 */
export function dropReader(
  drops: ArrayBuffer,
  { kernelDrops, lostBytes }: Pick<Telemetry, 'kernelDrops' | 'lostBytes'>,
): DropReader {
  const words = new BigUint64Array(drops, 0, dropReasons.length * WORDS)
  const counters = dropReasons.flatMap((_, index) => [index * WORDS, index * WORDS + 1])
  const told = new Map(counters.map(at => [at, words[at + 2] ?? 0n]))
  const takeNew = (at: number) => {
    const [now = 0n, before = 0n] = [words[at], told.get(at)]
    told.set(at, now)
    return Number(now - before)
  }
  // Known from the start, so that a rate can be taken of the first loss.
  for (const reason of dropReasons) {
    kernelDrops.inc({ reason }, 0)
    lostBytes.inc({ reason }, 0)
  }
  return {
    read: () => {
      for (const [index, reason] of dropReasons.entries()) {
        kernelDrops.inc({ reason }, takeNew(index * WORDS))
        lostBytes.inc({ reason }, takeNew(index * WORDS + 1))
      }
    },
    confirm: () => {
      for (const [at, count] of told) words[at + 2] = count
    },
  }
}
