import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf } from '../../message-of.ts'

/** Where a sink keeps on disk what waits, and how much of it. */
export type SpoolPlace = {
  readonly directory: string
  readonly maxBytes: number
  readonly maxAgeMs: number
  /** How long series may take to come back after a crash before they are ended, ms; absent: a minute. */
  readonly returnWithinMs?: number
  /** Drains of the kernel of which nothing is to be kept. */
  readonly unreleased?: readonly string[]
}

const FULL = ['ENOSPC', 'EDQUOT']
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
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return
  // Not `recursive`: where nothing can be made, as below /proc, Node tries for ever.
  if (directory !== dirname(directory)) makeFolder(dirname(directory))
  mkdirSync(directory, { mode: 0o700 })
}

/** The folder of a sink's spool; of its name only, which holds no secret. */
export function sinkFolder(directory: string, sink: string): string {
  return join(directory, `sink-${sink}`)
}

/** Why no spool can be there, with the fix; makes the folder if it is missing. A disk that is full is no fault. */
export function folderFault(directory: string): string | undefined {
  try {
    makeFolder(directory)
    accessSync(directory, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    if (isFull(error)) return undefined
    return `${messageOf(error)}. Let the agent's user write to ${directory}, or choose another folder`
  }
}

/** A state in which the agent goes on with its memory, unlike a folder that cannot be. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && FULL.includes(String(error.code))
}

/** Removes what all sinks keep, and the folder. Never throws. */
export function removeSpools(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true })
  } catch {
    // What stays is bounded, and the next agent of this node goes on with it.
  }
}
