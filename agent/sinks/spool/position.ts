import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/** Up to where the destination has everything. */
export type Position = {
  readonly segment: number
  /** Where the first record begins that is not settled. */
  readonly offset: number
  /** Samples at the beginning of its moment that are settled already. */
  readonly skip: number
  /** Samples of the segment that stand before it. */
  readonly before: number
}

/** The first record that is not settled. */
export type Place = Omit<Position, 'before'>

const BYTES = 32

export type PositionFile = Disposable & {
  /** As it was written last; undefined: never, or what is there was not written by us. */
  readonly read: () => Position | undefined
  /** In place: a file system that is full still takes it. Throws what the system says. */
  readonly write: (position: Position) => void
  /** Where it stands may be another folder than before. Throws what the system says. */
  readonly reopen: () => void
}

/** Throws what the system says. */
export function positionFile(path: string): PositionFile {
  const open = () => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  let file = open()
  return {
    read: () => {
      const bytes = Buffer.alloc(BYTES)
      if (readSync(file, bytes, 0, BYTES, 0) < BYTES || bytes.readUInt32LE(28) !== sumOf(bytes))
        return undefined
      return {
        segment: bytes.readUInt32LE(0),
        skip: bytes.readUInt32LE(4),
        offset: bytes.readDoubleLE(8),
        before: bytes.readDoubleLE(16),
      }
    },
    write: ({ segment, offset, skip, before }) => {
      const bytes = Buffer.alloc(BYTES)
      bytes.writeUInt32LE(segment, 0)
      bytes.writeUInt32LE(skip, 4)
      bytes.writeDoubleLE(offset, 8)
      bytes.writeDoubleLE(before, 16)
      bytes.writeUInt32LE(sumOf(bytes), 28)
      writeSync(file, bytes, 0, BYTES, 0)
    },
    reopen: () => {
      const before = file
      file = open()
      closeSync(before)
    },
    [Symbol.dispose]: () => closeSync(file),
  }
}

function sumOf(bytes: Buffer): number {
  return crc32(bytes.subarray(0, 28))
}
