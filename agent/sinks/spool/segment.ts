import {
  close,
  closeSync,
  open,
  openSync,
  read,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { promisify } from 'node:util'
import type { Series } from '../../model.ts'
import { spoolDecoder } from './decoder.ts'
import { bodyLength, HEAD_BYTES, isWhole, KIND, SEAL_BYTES } from './format.ts'

/** One file of a spool: records of moments, in the order in which they were offered. */
export type Segment = {
  readonly number: number
  readonly path: string
  /** Where its last record of a moment ends, and bytes on disk. */
  end: number
  /** In all its moments. */
  samples: number
  /** Those that went to the destination or are on the way to it. */
  taken: number
  /** Newest stamp, ms since the epoch. */
  newestMs: number
}

export type Found = Pick<Segment, 'end' | 'samples' | 'newestMs'> & {
  /** Of a segment that nobody closed: what was alive when its agent died. */
  readonly orphans?: Series[]
}

/** Looks at a segment of an earlier agent, and cuts off what is torn at its end. Throws what the system says. */
export function findSegment(path: string): Found {
  return readSeal(path) ?? scan(path)
}

function readSeal(path: string): Found | undefined {
  const end = statSync(path).size - HEAD_BYTES - SEAL_BYTES
  if (end < 0) return undefined
  const bytes = Buffer.alloc(HEAD_BYTES + SEAL_BYTES)
  const file = openSync(path, 'r')
  try {
    readSync(file, bytes, 0, bytes.length, end)
  } finally {
    closeSync(file)
  }
  const body = bytes.subarray(HEAD_BYTES)
  if (bodyLength(bytes) !== SEAL_BYTES || body[0] !== KIND.seal || !isWhole(bytes, body))
    return undefined
  return { end, samples: body.readUInt32LE(4), newestMs: body.readDoubleLE(8) }
}

function scan(path: string): Found {
  const bytes = readFileSync(path)
  const decoder = spoolDecoder()
  let [end, samples, newestMs] = [0, 0, 0]
  while (end + HEAD_BYTES <= bytes.length) {
    const head = bytes.subarray(end, end + HEAD_BYTES)
    const next = end + HEAD_BYTES + bodyLength(head)
    const body = bytes.subarray(end + HEAD_BYTES, next)
    if (next > bytes.length || !isWhole(head, body)) break
    // A seal that is not the last: appending to it was cut short.
    if (body[0] === KIND.seal) break
    const moment = decoder.decode(body)
    samples += moment?.series.length ?? 0
    newestMs = Math.max(newestMs, moment?.timestampMs ?? 0)
    end = next
  }
  if (end < bytes.length) truncateSync(path, end)
  return { end, samples, newestMs, orphans: decoder.alive() }
}

/** As much as is read at once: the records of small moments come by the hundred. */
const BLOCK_BYTES = 262_144

export type SegmentReader = AsyncDisposable & {
  /** Body of the record at `at`, up to `end` of what is written; valid until the next call. Rejects where there is none. */
  readonly bodyAt: (at: number, end: number) => Promise<Buffer>
}

/** Rejects with what the system says. */
export async function segmentReader(path: string): Promise<SegmentReader> {
  const file = await promisify(open)(path, 'r')
  let block = Buffer.alloc(0)
  let blockAt = 0

  async function bytesAt(at: number, length: number, end: number): Promise<Buffer> {
    if (at + length > end) throw new Error(`${path} is damaged at byte ${at}`)
    if (at < blockAt || at + length > blockAt + block.length) {
      const wanted = Buffer.allocUnsafe(Math.max(length, Math.min(BLOCK_BYTES, end - at)))
      const { bytesRead } = await promisify(read)(file, wanted, 0, wanted.length, at)
      if (bytesRead < length) throw new Error(`${path} ends at byte ${at + bytesRead}`)
      block = wanted.subarray(0, bytesRead)
      blockAt = at
    }
    return block.subarray(at - blockAt, at - blockAt + length)
  }

  return {
    bodyAt: async (at, end) => {
      const head = await bytesAt(at, HEAD_BYTES, end)
      const body = await bytesAt(at + HEAD_BYTES, bodyLength(head), end)
      if (isWhole(head, body)) return body
      throw new Error(`${path} is damaged at byte ${at}`)
    },
    [Symbol.asyncDispose]: () => promisify(close)(file),
  }
}
