import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { segmentPath, segmentsIn } from './folder.ts'
import { bodyLength, HEAD_BYTES, isWhole, KIND } from './format.ts'

/** Longer than a mark. */
const READ_BYTES = 128

/**
 * Takes out of a spool what an earlier agent wrote of drains that it did not live to release: the kernel gives
 * them again, and nothing of them was sent. They are the last things it wrote. Throws what the system says.
 */
export function cutUnreleased(directory: string, drains: readonly string[]): void {
  if (drains.length === 0) return
  // One drain may have gone into several segments.
  for (const number of segmentsIn(directory).toReversed())
    if (!hasCut(segmentPath(directory, number), drains)) return
}

function hasCut(path: string, drains: readonly string[]): boolean {
  const file = openSync(path, 'r+')
  try {
    const at = markAt(file, drains)
    if (at !== undefined) ftruncateSync(file, at)
    return at !== undefined
  } finally {
    closeSync(file)
  }
}

/** Where the first mark of one of the drains stands; looks at nothing but heads and marks. */
function markAt(file: number, drains: readonly string[]): number | undefined {
  const { size } = fstatSync(file)
  const bytes = Buffer.alloc(READ_BYTES)
  for (let at = 0; at + HEAD_BYTES < size; at += HEAD_BYTES + bodyLength(bytes)) {
    readSync(file, bytes, 0, READ_BYTES, at)
    const body = bytes.subarray(HEAD_BYTES, HEAD_BYTES + bodyLength(bytes))
    if (body[0] === KIND.drain && isWhole(bytes, body) && drains.includes(body.toString('utf8', 1)))
      return at
  }
  return undefined
}
