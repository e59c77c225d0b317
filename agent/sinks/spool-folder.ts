import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where a sink keeps on disk what waits, and how much of it. */
export type SpoolPlace = {
  readonly directory: string
  readonly maxBytes: number
  readonly maxAgeMs: number
}

const SEGMENT = /^(\d{10})\.segment$/

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(10, '0')}.segment`)
}

/** Numbers of the segments that are there, the oldest first. */
export function segmentsIn(directory: string): number[] {
  return readdirSync(directory)
    .flatMap(name => SEGMENT.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((left, right) => left - right)
}

/** Only for the agent itself: samples tell who talks to whom. */
export function makeFolder(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
}

/** The folder of a sink's spool; of its name only, which holds no secret. */
export function sinkFolder(directory: string, sink: string): string {
  return join(directory, `sink-${sink}`)
}
