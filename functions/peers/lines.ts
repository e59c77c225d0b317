import { ApiError } from './api-error.ts'

// An object in etcd has 1.5 MB at most, and a page holds 250 of ordinary size.
const longestLine = 16 * 1024 * 1024
const longestAnswer = 128 * 1024 * 1024

const lineFeed = 0x0a

/** All parts as one. Throws ApiError for an answer that would not end. */
export async function wholeAnswer(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = []
  let length = 0
  for await (const part of parts) {
    length += part.length
    if (length > longestAnswer) throw tooLong(longestAnswer)
    kept.push(part)
  }
  return Buffer.concat(kept, length)
}

/** Lines of an answer; what follows the last line feed is no line: the connection broke inside it. */
export async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let begun: Uint8Array[] = []
  let length = 0
  for await (const part of parts) {
    let start = 0
    for (let end = part.indexOf(lineFeed); end >= 0; end = part.indexOf(lineFeed, start)) {
      const line = Buffer.concat([...begun, part.subarray(start, end)])
      if (line.length > 0) yield line
      begun = []
      length = 0
      start = end + 1
    }
    begun.push(part.subarray(start))
    length += part.length - start
    if (length > longestLine) throw tooLong(longestLine)
  }
}

function tooLong(limit: number): ApiError {
  return new ApiError('bad_answer', `an answer of more than ${limit} bytes`)
}
