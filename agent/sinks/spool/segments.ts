import { rmSync } from 'node:fs'
import { sealed } from './format.ts'
import type { Segment } from './segment.ts'
import { lengthOf } from './writer.ts'

const SEALED_BYTES = lengthOf(sealed(0, 0))

/** The files of a spool, the oldest first. */
export type Segments = {
  readonly all: () => readonly Segment[]
  readonly oldest: () => Segment | undefined
  /** The oldest one whose number is not below. */
  readonly from: (number: number) => Segment | undefined
  readonly has: (segment: Segment) => boolean
  /** The newest. */
  readonly add: (segment: Segment) => void
  /** Never throws: a file that the disk does not let go is removed when it has taken another one. */
  readonly remove: (segment: Segment) => void
  /** Samples that were not taken yet. */
  readonly size: () => number
  /** On disk, with what closing will add. */
  readonly bytes: () => number
}

export function segmentList(found: readonly Segment[]): Segments {
  const segments = [...found]
  const unremoved: string[] = []

  function remove(segment: Segment): void {
    segments.splice(segments.indexOf(segment), 1)
    unremoved.push(segment.path)
    removeFiles()
  }

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

  return {
    all: () => segments,
    oldest: () => segments[0],
    from: wanted => segments.find(({ number }) => number >= wanted),
    has: segment => segments.includes(segment),
    add: segment => {
      segments.push(segment)
      removeFiles()
    },
    remove,
    size: () => segments.reduce((sum, { samples, taken }) => sum + samples - taken, 0),
    bytes: () => segments.reduce((sum, { end }) => sum + end + SEALED_BYTES, 0),
  }
}
