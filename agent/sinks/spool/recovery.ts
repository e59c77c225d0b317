import { join } from 'node:path'
import type { Series } from '../../model.ts'
import { cutUnreleased } from './cut.ts'
import { makeFolder, segmentPath, segmentsIn, type SpoolPlace } from './folder.ts'
import { positionFile, type Place, type PositionFile } from './position.ts'
import { findSegment, type Segment } from './segment.ts'
import { segmentList, type Segments } from './segments.ts'

/** What an earlier agent left. */
export type Recovered = {
  readonly segments: Segments
  readonly position: PositionFile
  readonly next: Place
  /** The highest number that a segment ever had. */
  readonly lastNumber: number
  /** What was alive when it died; none: it ended in order. */
  readonly orphans: readonly Series[]
}

/** Makes the folder where there is none. Throws what the system says. */
export function recoverSpool({
  directory,
  unreleased = [],
}: Pick<SpoolPlace, 'directory' | 'unreleased'>): Recovered {
  makeFolder(directory)
  cutUnreleased(directory, unreleased)
  const position = positionFile(join(directory, 'position'))
  const at = position.read()
  // A number is never used again: the position would say of the new segment what is true of the old one.
  let lastNumber = at?.segment ?? 0
  let orphans: readonly Series[] = []
  const found: Segment[] = []
  for (const number of segmentsIn(directory)) {
    lastNumber = Math.max(lastNumber, number)
    const path = segmentPath(directory, number)
    const { orphans: ofDead = [], ...rest } = findSegment(path)
    orphans = ofDead
    found.push({ number, path, taken: 0, ...rest })
  }
  const segments = segmentList(found)
  for (const one of found) if (at && one.number < at.segment) segments.remove(one)
  const first = segments.oldest()
  const parts = { segments, position, lastNumber, orphans }
  if (!first || at?.segment !== first.number)
    return { ...parts, next: { segment: first?.number ?? 0, offset: 0, skip: 0 } }
  first.taken = Math.min(at.before + at.skip, first.samples)
  return { ...parts, next: { ...at, offset: Math.min(at.offset, first.end) } }
}
