import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Samples, Series } from '../model.ts'
import { partOf } from './sample-queue.ts'
import { makeFolder, segmentPath, segmentsIn, type SpoolPlace } from './spool-folder.ts'
import { sealed } from './spool-format.ts'
import { positionFile, type PositionFile } from './spool-position.ts'
import { spoolReader } from './spool-reader.ts'
import { findSegment, type Segment } from './spool-segment.ts'
import { lengthOf, segmentWriter, type SegmentWriter } from './spool-writer.ts'

const LARGEST_SEGMENT_BYTES = 16 * 1_024 * 1_024
const SEGMENTS = 8
const SEALED_BYTES = lengthOf(sealed(0, 0))

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
  /** Throws what the system says; then nothing of the moment is kept. */
  readonly append: (moment: Samples) => void
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

/** The first moment at or after `offset`, but for its first `skip` samples, which are settled. */
type Place = { readonly segment: number; readonly offset: number; readonly skip: number }

type Taken = {
  readonly segment: Segment
  readonly place: Place
  readonly before: number
  readonly count: number
  settled: number
}

/** A moment that is in memory as well. */
type Held = { readonly segment: Segment; readonly start: number; readonly moment: Samples }

/** Throws what the system says. */
export function openSpool(parts: SpoolParts): Spool {
  const { directory, maxBytes, maxAgeMs, maxHeld, onDrop } = parts
  const segmentBytes = Math.min(LARGEST_SEGMENT_BYTES, maxBytes / SEGMENTS)
  const reader = spoolReader()
  const segments: Segment[] = []
  let writer: SegmentWriter | undefined
  let position: PositionFile | undefined
  let lastNumber = 0
  let alive: readonly Series[] = []
  let next: Place = { segment: 0, offset: 0, skip: 0 }
  let inHand: Taken | undefined
  const held: Held[] = []
  let heldSamples = 0
  /** Files that a disk which takes nothing would not let go. */
  const unremoved: string[] = []

  const orphans = recover()

  function recover(): readonly Series[] {
    makeFolder(directory)
    position = positionFile(join(directory, 'position'))
    const at = position.read()
    // A number is never used again: the position would say of the new segment what is true of the old one.
    lastNumber = at?.segment ?? 0
    for (const number of segmentsIn(directory)) {
      lastNumber = Math.max(lastNumber, number)
      const path = segmentPath(directory, number)
      const { orphans: ofDead = [], ...found } = findSegment(path)
      alive = ofDead
      segments.push({ number, path, taken: 0, ...found })
    }
    if (at) while ((segments[0]?.number ?? Infinity) < at.segment) remove(segments[0])
    const [first] = segments
    if (first && at?.segment === first.number) {
      next = { ...at, offset: Math.min(at.offset, first.end) }
      first.taken = Math.min(at.before + at.skip, first.samples)
    } else if (first) next = { segment: first.number, offset: 0, skip: 0 }
    const left = alive
    if (left.length > 0) beginWithOrphans()
    return left
  }

  /** So that they are known to the agent after this one, should this one die before it has ended them. */
  function beginWithOrphans(): void {
    try {
      begin()
      for (const one of segments.filter(each => each.samples === 0 && each !== writer?.segment))
        remove(one)
      if (writer) makeRoom(0, writer.segment)
    } catch {
      // A full disk: what is on it can be sent, and appending tells why nothing is added.
    }
  }

  function append(moment: Samples): void {
    dropOld(moment.timestampMs)
    if (!writer || writer.segment.end >= segmentBytes) begin()
    const { segment, encode } = writer ?? fail()
    const isCaughtUp = size() === heldSamples
    const start = segment.end
    try {
      const records = encode(moment)
      makeRoom(lengthOf(records), segment)
      writer?.append(moment, records)
    } catch (error) {
      closeWriter()
      throw error
    }
    if (isCaughtUp) hold({ segment, start, moment })
  }

  /** Throws where there is no room for it, however much is dropped. */
  function makeRoom(length: number, current: Segment): void {
    for (let oldest = segments[0]; bytes() + length > maxBytes; oldest = segments[0]) {
      if (!oldest || oldest === current)
        throw new Error(`one moment takes ${length} bytes, and maxBytes is ${maxBytes}`)
      drop(oldest, 'spool_full', `the spool holds ${maxBytes} bytes and is full`)
    }
  }

  function dropOld(nowMs: number): void {
    for (let [oldest] = segments; oldest && isOld(oldest.newestMs, nowMs); [oldest] = segments) {
      if (oldest === writer?.segment) return
      drop(oldest, 'spool_age', tooOld())
    }
  }

  function begin(): void {
    makeFolder(directory)
    const path = segmentPath(directory, lastNumber + 1)
    const begun = segmentWriter(lastNumber + 1, path, writer?.alive() ?? alive)
    lastNumber += 1
    writer?.close()
    writer = begun
    segments.push(begun.segment)
    removeFiles()
    if (next.segment === 0) next = { ...next, segment: lastNumber }
    // The folder may be another one than before.
    position?.[Symbol.dispose]()
    position = positionFile(join(directory, 'position'))
  }

  function closeWriter(): void {
    alive = writer?.alive() ?? alive
    writer?.close()
    writer = undefined
  }

  /** In memory only as long as all that was not taken is: else it is read back in its turn. */
  function hold(one: Held): void {
    held.push(one)
    heldSamples += one.moment.series.length
    if (heldSamples <= maxHeld || held.length === 1) return
    held.length = 0
    heldSamples = 0
  }

  function take(nowMs: number): Samples | undefined | Promise<Samples | undefined> {
    for (let first = held.shift(); first; first = held.shift()) {
      const { segment, start, moment } = first
      heldSamples -= moment.series.length
      const end = held[0]?.segment === segment ? held[0].start : segment.end
      if (segment.number !== next.segment)
        next = { segment: segment.number, offset: start, skip: 0 }
      const taken = handOver(segment, moment, end, nowMs)
      if (taken) return taken
    }
    return size() === 0 ? undefined : readBack(nowMs)
  }

  async function readBack(nowMs: number): Promise<Samples | undefined> {
    for (let segment = nextSegment(); segment; segment = nextSegment()) {
      try {
        const { moment, end } = await reader.momentFrom(segment, next.offset)
        if (!segments.includes(segment)) continue
        if (!moment) next = { ...next, offset: end }
        const taken = moment && handOver(segment, moment, end, nowMs)
        if (taken) return taken
      } catch (error) {
        // It may have gone while it was read.
        if (!segments.includes(segment)) continue
        if (segment === writer?.segment) closeWriter()
        drop(segment, 'spool_lost', `cannot be read back: ${String(error)}`)
      }
    }
    // What it holds of its segment is not needed as long as the destination keeps up.
    await reader.close()
    return undefined
  }

  /** That of the next moment; undefined: all were taken. */
  function nextSegment(): Segment | undefined {
    const segment = segments.find(({ number }) => number >= next.segment)
    if (!segment) return undefined
    if (segment.number !== next.segment) next = { segment: segment.number, offset: 0, skip: 0 }
    if (next.offset < segment.end) return segment
    const following = segments.find(({ number }) => number > segment.number)
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
    inHand = { segment, place, before, count, settled: 0 }
    if (!isOld(moment.timestampMs, nowMs)) return skip === 0 ? moment : partOf(moment, skip)
    settle()
    onDrop(count, 'spool_age', tooOld())
    return undefined
  }

  function settle(count?: number): void {
    if (!inHand) return
    const { segment, place, before } = inHand
    // What was dropped meanwhile needs no place.
    const isThere = segments.includes(segment)
    if (count !== undefined) {
      inHand.settled = count
      if (isThere) tell({ ...place, skip: place.skip + count }, before)
      return
    }
    inHand = undefined
    tell(next, segments.find(({ number }) => number === next.segment)?.taken ?? 0)
    while (segments[0] && segments[0].number < next.segment) remove(segments[0])
    const isOver = isThere && segment !== writer?.segment && next.offset >= segment.end
    if (isOver && segments[0] === segment) remove(segment)
  }

  function tell(place: Place, before: number): void {
    try {
      position?.write({ ...place, before })
    } catch {
      // The next agent sends some of it once more; appending will fail too, and tells it.
    }
  }

  function drop(segment: Segment, reason: string, detail: string): void {
    const count = segment.samples - segment.taken
    const kept = held.filter(one => one.segment !== segment)
    held.splice(0, held.length, ...kept)
    heldSamples = kept.reduce((sum, { moment }) => sum + moment.series.length, 0)
    remove(segment)
    if (count > 0) onDrop(count, reason, detail)
  }

  function remove(segment: Segment | undefined): void {
    if (!segment) return
    segments.splice(segments.indexOf(segment), 1)
    unremoved.push(segment.path)
    removeFiles()
  }

  /** What stays is tried again with the next segment, which the disk has taken by then. */
  function removeFiles(): void {
    try {
      for (let [path] = unremoved; path !== undefined; [path] = unremoved) {
        rmSync(path, { force: true })
        unremoved.shift()
      }
    } catch {
      // A disk that turned read-only. Appending fails too, and tells it.
    }
  }

  function isKept(): boolean {
    return inHand !== undefined && segments.includes(inHand.segment)
  }

  function size(): number {
    return segments.reduce((sum, { samples, taken }) => sum + samples - taken, 0)
  }

  function bytes(): number {
    return segments.reduce((sum, { end }) => sum + end + SEALED_BYTES, 0)
  }

  function isOld(stampMs: number, nowMs: number): boolean {
    return stampMs < nowMs - maxAgeMs
  }

  function tooOld(): string {
    return `older than ${maxAgeMs / 1_000} s, which is the maxAge of the spool`
  }

  async function close(): Promise<void> {
    closeWriter()
    position?.[Symbol.dispose]()
    await reader.close()
    if (size() > 0 || isKept()) return
    while (segments[0]) remove(segments[0])
  }

  return {
    append,
    take,
    settle,
    size,
    unsettled: () => size() + (inHand && isKept() ? inHand.count - inHand.settled : 0),
    isKept,
    bytes,
    oldestMs: () => held[0]?.moment.timestampMs,
    orphans,
    forget: series => writer?.forget(series),
    close,
  }
}

function fail(): never {
  throw new Error('a spool has no segment to write to')
}
