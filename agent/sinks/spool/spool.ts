import type { Samples, Series } from '../../model.ts'
import { UNCONFIRMED } from '../sample-queue.ts'
import { spoolAppending } from './appending.ts'
import type { SpoolPlace } from './folder.ts'
import { heldMoments } from './held.ts'
import { recoverSpool } from './recovery.ts'
import type { Segment } from './segment.ts'
import { spoolTaking } from './taking.ts'

export type SpoolParts = SpoolPlace & {
  /** Samples that are in memory as well, or one moment, so that none is read back while the destination keeps up. */
  readonly maxHeld: number
  readonly onDrop: (count: number, reason: string, detail: string) => void
}

/**
 * Moments on disk, first in, first out. What is taken stays until it is settled, so that the next
 * agent takes it again if this one dies. The oldest go when there are too many bytes, or when they
 * are too old; what cannot be read back is dropped. All of it is counted.
 */
export type Spool = {
  /** Throws what the system says; then nothing of the moment is kept. `drain`: as `OpenSink.offer` has it. */
  readonly append: (moment: Samples, drain?: string) => void
  /** The oldest moment that was not taken yet, without what was settled of it before; undefined: there is none. */
  readonly take: (nowMs: number) => Samples | undefined | Promise<Samples | undefined>
  /** So many samples from the beginning of what was taken are settled; absent: all of them. */
  readonly settle: (count?: number) => void
  /** Samples that were not taken yet. */
  readonly size: () => number
  /** The same with those that were taken and are not settled. */
  readonly unsettled: () => number
  /** Whether what was taken is still there: the oldest may have gone meanwhile. */
  readonly isKept: () => boolean
  /** Whether an earlier agent may have sent what was taken, and did not live to hear of it. */
  readonly isInDoubt: () => boolean
  readonly bytes: () => number
  /** Stamp of the next moment, if it is in memory. */
  readonly oldestMs: () => number | undefined
  /** What was alive when an earlier agent died, and did not end since. */
  readonly orphans: readonly Series[]
  /** These have come back. */
  readonly forget: (series: readonly Series[]) => void
  /** Leaves what was not settled to the next agent. */
  readonly close: () => Promise<void>
}

/** Throws what the system says. */
export function openSpool(parts: SpoolParts): Spool {
  const { directory, maxBytes, maxAgeMs, maxHeld, onDrop } = parts
  const { segments, position, next, lastNumber, orphans } = recoverSpool(parts)
  const held = heldMoments(maxHeld)
  const tooOld = `older than ${maxAgeMs / 1_000} s, which is the maxAge of the spool`
  const { take, settle, isKept, isInDoubt, ...taking } = spoolTaking({
    segments,
    held,
    position,
    next,
    maxAgeMs,
    current: () => appending.current(),
    lose: (segment, error) => {
      if (segment === appending.current()) appending.close()
      drop(segment, 'spool_lost', `cannot be read back: ${String(error)}`)
    },
    onOld: (count, isUnsent) => onDrop(count, isUnsent ? 'spool_age' : UNCONFIRMED, tooOld),
  })
  const appending = spoolAppending({
    directory,
    maxBytes,
    segments,
    lastNumber,
    orphans,
    drop,
    mayHaveArrived: taking.mayHaveArrived,
    onBegin: taking.begun,
  })

  function append(moment: Samples, drain?: string): void {
    dropOld(moment.timestampMs - maxAgeMs)
    const isCaughtUp = segments.size() === held.samples()
    const { segment, start } = appending.append(moment, drain)
    if (isCaughtUp) held.push({ segment, start, moment })
  }

  function dropOld(beforeMs: number): void {
    for (let one = segments.oldest(); one && one.newestMs < beforeMs; one = segments.oldest()) {
      if (one === appending.current() || taking.mayHaveArrived(one)) return
      drop(one, 'spool_age', tooOld)
    }
  }

  function drop(segment: Segment, reason: string, detail: string): void {
    const count = segment.samples - segment.taken
    held.leave(segment)
    segments.remove(segment)
    if (count > 0) onDrop(count, reason, detail)
  }

  async function close(): Promise<void> {
    appending.close()
    await taking.close()
    if (segments.size() > 0 || isKept()) return
    for (let one = segments.oldest(); one; one = segments.oldest()) segments.remove(one)
  }

  return {
    append,
    take,
    settle,
    size: segments.size,
    unsettled: () => segments.size() + taking.inHand(),
    isKept,
    isInDoubt,
    bytes: segments.bytes,
    oldestMs: () => held.first()?.moment.timestampMs,
    orphans,
    forget: appending.forget,
    close,
  }
}
