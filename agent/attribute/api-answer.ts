import { ApiError } from './api-server.ts'

/** What the API server said about `subject`, from JSON. Throws `ApiError`. */
export function parseAnswer(text: string, subject: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badAnswer(text, subject)
  }
}

/** For an answer that is not what was asked for; the beginning of `text` is for people. */
export function badAnswer(text: string, subject: string): ApiError {
  return new ApiError('bad_answer', `this is no answer about ${subject}: ${text.slice(0, 80)}`)
}
