import { crc32 } from 'node:zlib'
import type { Labels, Metric } from '../../model.ts'

// A record is the length of its body, the CRC-32 of its body (both 32 bits, little-endian), and the
// body; a body begins with its kind. What is not whole, or not what was written, ends a segment.
export const HEAD_BYTES = 8

export const KIND = {
  /** Metrics, targets and series as JSON (`Declaration`); each gets the next free number. */
  declare: 1,
  /** Numbers of series, 32 bits each, for the moments that name the slot. */
  list: 2,
  /** One value for each series of a list. */
  values: 3,
  /** The series of a list end. */
  ended: 4,
  /** The last record of a segment that was closed: how many samples are in it, and the newest stamp. */
  seal: 5,
  /** Name of the drain of the kernel that the moments from here on were counted from. */
  drain: 6,
} as const

/** Bytes before the numbers of a list. */
export const LIST_HEAD = 4
/** Bytes before the values of a moment: kind, slot, nothing, timestamp. */
export const MOMENT_HEAD = 16
/** Of the seal's body. */
export const SEAL_BYTES = 16

/** How many lists of series moments can refer to at a time; a newer one takes the place of the oldest. */
export const LIST_SLOTS = 4

export type Declaration = {
  readonly metrics: readonly Metric[]
  readonly targets: readonly Labels[]
  /** Number of the metric, number of the target, start in ms since the epoch. */
  readonly series: readonly (readonly [number, number, number])[]
}

/** A record as chunks to be written one after the other; the parts of the body are not copied. */
export function framed(...body: readonly Uint8Array[]): Uint8Array[] {
  const head = Buffer.alloc(HEAD_BYTES)
  let [length, sum] = [0, 0]
  for (const part of body) {
    length += part.byteLength
    sum = crc32(part, sum)
  }
  head.writeUInt32LE(length, 0)
  head.writeUInt32LE(sum, 4)
  return [head, ...body]
}

/** Length of the body that follows a head. */
export function bodyLength(head: Buffer): number {
  return head.readUInt32LE(0)
}

export function isWhole(head: Buffer, body: Uint8Array): boolean {
  return body.byteLength > 0 && crc32(body) === head.readUInt32LE(4)
}

/** Whether a body holds samples, not what they refer to. */
export function isMoment(body: Uint8Array): boolean {
  return body[0] === KIND.values || body[0] === KIND.ended
}

export function sealed(samples: number, newestMs: number): Uint8Array[] {
  const body = Buffer.alloc(SEAL_BYTES)
  body[0] = KIND.seal
  body.writeUInt32LE(samples, 4)
  body.writeDoubleLE(newestMs, 8)
  return framed(body)
}

export function drainMark(drain: string): Uint8Array[] {
  return framed(Uint8Array.of(KIND.drain), Buffer.from(drain))
}
