import { ApiError } from './api-error.ts'

// In UTF-16 units. An object in etcd has 1.5 MB at most, and a page holds 250 of ordinary size.
const longestLine = 16 * 1024 * 1024
const longestText = 128 * 1024 * 1024

/** All parts as one text. Throws ApiError for a text that would not end. */
export async function wholeText(parts: AsyncIterable<string>): Promise<string> {
  const kept: string[] = []
  let length = 0
  for await (const part of parts) {
    length += part.length
    if (length > longestText) throw tooLong(longestText)
    kept.push(part)
  }
  return kept.join('')
}

/** Lines of an answer; what follows the last line feed is no line: the connection broke inside it. */
export async function* linesOf(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const part of parts) {
    const lines = part.split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      const whole = rest + line
      rest = ''
      if (whole !== '') yield whole
    }
    rest += last
    if (rest.length > longestLine) throw tooLong(longestLine)
  }
}

function tooLong(limit: number): ApiError {
  return new ApiError('bad_answer', `an answer of more than ${limit} characters`)
}
