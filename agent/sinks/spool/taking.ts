import type { Samples } from '../../model.ts'
import { partOf } from '../sample-queue.ts'
import type { HeldMoments } from './held.ts'
import type { Place, PositionFile } from './position.ts'
import { spoolReader } from './reader.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

export type TakingParts = {
  readonly segments: Segments
  readonly held: HeldMoments
  readonly position: PositionFile
  readonly next: Place
  readonly maxAgeMs: number
  /** The segment that is written to. */
  readonly current: () => Segment | undefined
  /** It cannot be read back. */
  readonly lose: (segment: Segment, error: unknown) => void
  /** So many samples that were taken are too old; `isUnsent`: nobody has sent them. */
  readonly onOld: (count: number, isUnsent: boolean) => void
}

/** The oldest end of a spool: what is taken stays until it is settled. As `Spool` has it. */
export type Taking = {
  readonly take: (nowMs: number) => Samples | undefined | Promise<Samples | undefined>
  readonly settle: (count?: number) => void
  readonly begun: (number: number) => void
  /** What is in the hand, or was when an earlier agent died. */
  readonly mayHaveArrived: (segment: Segment) => boolean
  /** Samples that were taken and are neither settled nor gone. */
  readonly inHand: () => number
  readonly isKept: () => boolean
  readonly isInDoubt: () => boolean
  readonly close: () => Promise<void>
}

type Taken = {
  readonly segment: Segment
  readonly place: Place
  readonly before: number
  readonly count: number
  /** An earlier agent may have sent it. */
  readonly isInDoubt: boolean
  settled: number
}

export function spoolTaking(parts: TakingParts): Taking {
  const { segments, held, position, maxAgeMs, current, lose, onOld } = parts
  const reader = spoolReader()
  let { next } = parts
  let inHand: Taken | undefined
  /** Segment whose first moment an earlier agent may have sent; none: there is no such moment any more. */
  let inDoubt = segments.all().find(({ samples, taken }) => samples > taken)?.number

  function take(nowMs: number): Samples | undefined | Promise<Samples | undefined> {
    for (let first = held.shift(); first; first = held.shift()) {
      const { segment, start, moment } = first
      const following = held.first()
      const end = following?.segment === segment ? following.start : segment.end
      if (segment.number !== next.segment)
        next = { segment: segment.number, offset: start, skip: 0 }
      const taken = handOver(segment, moment, end, nowMs)
      if (taken) return taken
    }
    return segments.size() === 0 ? undefined : readBack(nowMs)
  }

  async function readBack(nowMs: number): Promise<Samples | undefined> {
    for (let segment = nextSegment(); segment; segment = nextSegment()) {
      try {
        const { moment, end } = await reader.momentFrom(segment, next.offset)
        if (!segments.has(segment)) continue
        if (!moment) next = { ...next, offset: end }
        const taken = moment && handOver(segment, moment, end, nowMs)
        if (taken) return taken
      } catch (error) {
        // It may have gone while it was read.
        if (segments.has(segment)) lose(segment, error)
      }
    }
    // What it holds of its segment is not needed as long as the destination keeps up.
    await reader.close()
    return undefined
  }

  /** That of the next moment; undefined: all were taken. */
  function nextSegment(): Segment | undefined {
    const segment = segments.from(next.segment)
    if (!segment) return undefined
    if (segment.number !== next.segment) next = { segment: segment.number, offset: 0, skip: 0 }
    if (next.offset < segment.end) return segment
    const following = segments.from(segment.number + 1)
    if (following) next = { segment: following.number, offset: 0, skip: 0 }
    return following
  }

  function handOver(segment: Segment, moment: Samples, end: number, nowMs: number) {
    const { skip } = next
    const count = moment.series.length - skip
    const before = segment.taken - skip
    const place = next
    segment.taken += count
    next = { segment: segment.number, offset: end, skip: 0 }
    const isInDoubt = segment.number === inDoubt
    inHand = { segment, place, before, count, settled: 0, isInDoubt }
    inDoubt = undefined
    if (moment.timestampMs >= nowMs - maxAgeMs) return skip === 0 ? moment : partOf(moment, skip)
    settle()
    onOld(count, !isInDoubt)
    return undefined
  }

  function settle(count?: number): void {
    if (!inHand) return
    const { segment, place, before } = inHand
    // What was dropped meanwhile needs no place.
    const isThere = segments.has(segment)
    if (count !== undefined) {
      inHand.settled = count
      if (isThere) tell({ ...place, skip: place.skip + count }, before)
      return
    }
    inHand = undefined
    const at = segments.from(next.segment)
    tell(next, at?.number === next.segment ? at.taken : 0)
    for (let one = segments.oldest(); one && one.number < next.segment; one = segments.oldest())
      segments.remove(one)
    const isOver = isThere && segment !== current() && next.offset >= segment.end
    if (isOver && segments.oldest() === segment) segments.remove(segment)
  }

  function tell(place: Place, before: number): void {
    try {
      position.write({ ...place, before })
    } catch {
      // The next agent sends some of it once more; appending will fail too, and tells it.
    }
  }

  const isKept = () => inHand !== undefined && segments.has(inHand.segment)
  return {
    take,
    settle,
    begun: number => {
      if (next.segment === 0) next = { ...next, segment: number }
      // The folder may be another one than before.
      position.reopen()
    },
    mayHaveArrived: ({ number }) => number === (inHand?.segment.number ?? inDoubt),
    inHand: () => (inHand && isKept() ? inHand.count - inHand.settled : 0),
    isKept,
    isInDoubt: () => inHand?.isInDoubt === true,
    close: async () => {
      position[Symbol.dispose]()
      await reader.close()
    },
  }
}
