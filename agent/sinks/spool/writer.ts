import { closeSync, fstatSync, ftruncateSync, openSync, rmSync, writevSync } from 'node:fs'
import type { Samples, Series } from '../../model.ts'
import { spoolEncoder } from './encoder.ts'
import { drainMark, sealed } from './format.ts'
import type { Segment } from './segment.ts'

/** Appends to one new segment. */
export type SegmentWriter = {
  readonly segment: Segment
  /** The moment as records of this segment, and the drain it comes from, if told. They are to be appended, or the writer closed: later ones refer to them. */
  readonly encode: (moment: Samples, drain?: string) => Uint8Array[]
  /** Throws what the system says; then the writer is to be closed. */
  readonly append: (moment: Samples, records: readonly Uint8Array[], drain?: string) => void
  readonly alive: () => Series[]
  readonly forget: (series: readonly Series[]) => void
  /** Makes the next start quicker, and tells it that nobody died here. Never throws. */
  readonly close: () => void
}

/**
 * Begins a segment with the series that are alive, so that the newest one always tells which are.
 * Nothing is synced: what a killed process wrote is kept by the kernel, and a node that loses power
 * loses the counts of its kernel too. Throws what the system says.
 */
export function segmentWriter(
  number: number,
  path: string,
  alive: readonly Series[],
): SegmentWriter {
  const file = openSync(path, 'wx', 0o600)
  const encoder = spoolEncoder()
  let marked: string | undefined
  const segment: Segment = { number, path, end: 0, samples: 0, taken: 0, newestMs: 0 }
  try {
    write(encoder.declare(alive))
  } catch (error) {
    closeSync(file)
    rmSync(path, { force: true })
    throw error
  }

  function write(chunks: readonly Uint8Array[]): void {
    // Into a file without a name the kernel writes without complaint.
    if (fstatSync(file).nlink === 0) throw new Error(`${path} was removed`)
    if (chunks.length === 0) return
    const length = lengthOf(chunks)
    const written = writevSync(file, chunks, segment.end)
    if (written < length) throw new Error(`${path}: ${length - written} bytes did not fit the disk`)
    segment.end += length
    encoder.confirm()
  }

  function close(): void {
    try {
      ftruncateSync(file, segment.end)
      writevSync(file, sealed(segment.samples, segment.newestMs), segment.end)
    } catch {
      // The next start looks at every record, and cuts off what is torn.
    } finally {
      closeSync(file)
    }
  }

  return {
    segment,
    encode: (moment, drain) => {
      const isMarked = drain === undefined || drain === marked
      return [...(isMarked ? [] : drainMark(drain)), ...encoder.encode(moment)]
    },
    append: (moment, records, drain) => {
      write(records)
      marked = drain ?? marked
      segment.samples += moment.series.length
      segment.newestMs = Math.max(segment.newestMs, moment.timestampMs)
    },
    alive: encoder.alive,
    forget: encoder.forget,
    close,
  }
}

export function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
}
