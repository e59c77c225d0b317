import type { Telemetry } from '../telemetry.ts'
import { dropReasons, dropValue } from './wire.gen.ts'

/** u64 per reason: events, bytes, and what was reported of both. */
const WORDS = dropValue.size / 8

/**
 * Gives a function that adds what the kernel programs could not count since its last call to the
 * telemetry. What was reported is kept in `drops`, the memory of the kernel's map: an agent that goes
 * on after another one neither misses a drop nor tells it again.
 */
export function dropReader(
  drops: ArrayBuffer,
  { kernelDrops, lostBytes }: Pick<Telemetry, 'kernelDrops' | 'lostBytes'>,
): () => void {
  const words = new BigUint64Array(drops, 0, dropReasons.length * WORDS)
  const takeNew = (at: number) => {
    const [now = 0n, reported = 0n] = [words[at], words[at + 2]]
    words[at + 2] = now
    return Number(now - reported)
  }
  // Known from the start, so that a rate can be taken of the first loss.
  for (const reason of dropReasons) {
    kernelDrops.inc({ reason }, 0)
    lostBytes.inc({ reason }, 0)
  }
  return () => {
    for (const [index, reason] of dropReasons.entries()) {
      kernelDrops.inc({ reason }, takeNew(index * WORDS))
      lostBytes.inc({ reason }, takeNew(index * WORDS + 1))
    }
  }
}
