import type { Samples } from '../../model.ts'
import { spoolDecoder, type SpoolDecoder } from './decoder.ts'
import { HEAD_BYTES, isMoment } from './format.ts'
import { segmentReader, type Segment, type SegmentReader } from './segment.ts'

/** Reads moments back, one after the other; holds no more than what those of one segment refer to. */
export type SpoolReader = {
  /** The first moment at or after `offset`, and where its record begins and ends; without one, where it looked up to. */
  readonly momentFrom: (segment: Segment, offset: number) => Promise<FoundMoment>
  readonly close: () => Promise<void>
}

export type FoundMoment = {
  readonly moment?: Samples
  readonly start: number
  readonly end: number
}

type Opened = {
  readonly segment: Segment
  readonly file: SegmentReader
  readonly decoder: SpoolDecoder
  /** All before it was read. */
  at: number
}

export function spoolReader(): SpoolReader {
  let opened: Opened | undefined

  async function openedAt(segment: Segment, offset: number): Promise<Opened> {
    if (opened?.segment === segment && opened.at <= offset) return opened
    await close()
    const file = await segmentReader(segment.path)
    return (opened = { segment, file, decoder: spoolDecoder(), at: 0 })
  }

  async function momentFrom(segment: Segment, offset: number): Promise<FoundMoment> {
    const from = await openedAt(segment, offset)
    while (from.at < segment.end) {
      const start = from.at
      const body = await from.file.bodyAt(start, segment.end)
      from.at += HEAD_BYTES + body.length
      if (start < offset && isMoment(body)) continue
      const moment = from.decoder.decode(body)
      if (moment) return { moment, start, end: from.at }
    }
    return { start: from.at, end: from.at }
  }

  async function close(): Promise<void> {
    const before = opened
    opened = undefined
    await before?.file[Symbol.asyncDispose]()
  }

  return { momentFrom, close }
}
