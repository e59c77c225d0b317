import type { Samples, Series } from '../../model.ts'
import { makeFolder, segmentPath } from './folder.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'
import { lengthOf, segmentWriter, type SegmentWriter } from './writer.ts'

const LARGEST_SEGMENT_BYTES = 16 * 1_024 * 1_024
const SEGMENTS = 8

export type AppendingParts = {
  readonly directory: string
  readonly maxBytes: number
  readonly segments: Segments
  readonly lastNumber: number
  /** Series that an earlier agent left alive. */
  readonly orphans: readonly Series[]
  /** Removes it, and counts what was in it. */
  readonly drop: (segment: Segment, reason: string, detail: string) => void
  /** Whether the destination may have something of it that is not settled. */
  readonly mayHaveArrived: (segment: Segment) => boolean
  /** A new segment is there. */
  readonly onBegin: (number: number) => void
}

/** The newest end of a spool: what makes room for what comes. */
export type Appending = {
  /** Gives where it is. Throws what the system says; then nothing of the moment is kept. */
  readonly append: (moment: Samples, drain?: string) => { segment: Segment; start: number }
  /** The segment that is written to, if there is one. */
  readonly current: () => Segment | undefined
  readonly forget: (series: readonly Series[]) => void
  /** What comes next goes into a new segment. */
  readonly close: () => void
}

export function spoolAppending(parts: AppendingParts): Appending {
  const { directory, maxBytes, segments, drop, mayHaveArrived, onBegin } = parts
  const segmentBytes = Math.min(LARGEST_SEGMENT_BYTES, maxBytes / SEGMENTS)
  let writer: SegmentWriter | undefined
  let alive = parts.orphans
  let { lastNumber } = parts
  if (alive.length > 0) beginWithOrphans()

  /** So that they are known to the agent after this one, should this one die before it has ended them. */
  function beginWithOrphans(): void {
    try {
      const { segment } = begin()
      for (const one of segments.all().filter(each => each.samples === 0 && each !== segment))
        segments.remove(one)
      makeRoom(0, segment)
    } catch {
      // A full disk: what is on it can be sent, and appending tells why nothing is added.
    }
  }

  function append(moment: Samples, drain?: string): { segment: Segment; start: number } {
    const into = writer && writer.segment.end < segmentBytes ? writer : begin()
    const { segment } = into
    const start = segment.end
    try {
      const records = into.encode(moment, drain)
      makeRoom(lengthOf(records), segment)
      into.append(moment, records, drain)
    } catch (error) {
      close()
      throw error
    }
    return { segment, start }
  }

  /** Throws where there is no room for it, however much is dropped. */
  function makeRoom(length: number, current: Segment): void {
    while (segments.bytes() + length > maxBytes) {
      const others = segments.all().filter(one => one !== current)
      // What may have arrived is neither lost nor here to stay: to drop it would count what is not missing.
      const oldest = others.find(one => !mayHaveArrived(one)) ?? others[0]
      if (!oldest) throw new Error(`one moment takes ${length} bytes, and maxBytes is ${maxBytes}`)
      drop(oldest, 'spool_full', `the spool holds ${maxBytes} bytes and is full`)
    }
  }

  function begin(): SegmentWriter {
    makeFolder(directory)
    const number = lastNumber + 1
    const begun = segmentWriter(number, segmentPath(directory, number), writer?.alive() ?? alive)
    lastNumber = number
    writer?.close()
    writer = begun
    segments.add(begun.segment)
    onBegin(number)
    return begun
  }

  function close(): void {
    alive = writer?.alive() ?? alive
    writer?.close()
    writer = undefined
  }

  return {
    append,
    current: () => writer?.segment,
    forget: series => writer?.forget(series),
    close,
  }
}
