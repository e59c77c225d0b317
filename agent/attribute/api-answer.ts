import { ApiError } from './api-server.ts'
import { pick, type Shape } from './pick.ts'

const MAX_QUOTED = 80

/** What the API server said about `subject`, from JSON. Throws `ApiError`. */
export function parseAnswer(text: string, subject: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badAnswer(text, subject)
  }
}

/** The wanted parts of what the API server said about `subject`, from JSON in UTF-8. Throws `ApiError`. */
export function pickAnswer(json: Buffer, shape: Shape, subject: string): unknown {
  try {
    return pick(json, shape)
  } catch {
    throw badAnswer(json.toString('utf8', 0, MAX_QUOTED), subject)
  }
}

/** For an answer that is not what was asked for; the beginning of `text` is for people. */
export function badAnswer(text: string, subject: string): ApiError {
  return new ApiError(
    'bad_answer',
    `this is no answer about ${subject}: ${text.slice(0, MAX_QUOTED)}`,
  )
}
