import { retryAfterMs } from '../backoff.ts'
import type { Outcome } from '../outcome.ts'
import type { Answer } from './http.ts'

type Status = Extract<Answer, { readonly status: number }>

/** Of what stands before a receiver: it has asked the receiver, and got no answer or none that it understood. */
const OF_GATEWAYS = [502, 504]

/** What became of a request, with what its attempt tells besides: bytes sent, and the receiver's clock. */
export function noted(outcome: Outcome, answer: Answer): Outcome {
  const { sentBytes, isUnanswered } = answer
  if (!('status' in answer)) return { ...outcome, sentBytes, isUnanswered }
  const { serverMs, status } = answer
  const isInDoubt = isUnanswered || OF_GATEWAYS.includes(status)
  return { ...outcome, sentBytes, serverMs, isUnanswered: isInDoubt }
}

/** To be sent again, later if the receiver says when. */
export function sentAgain({ status, headers }: Status, detail: string): Outcome {
  const waitMs = retryAfterMs(headers['retry-after'], Date.now())
  return { kind: 'retry', reason: String(status), detail, retryAfterMs: waitMs }
}

/** For a line of the log. */
export function told(what: string, message: string): string {
  return message === '' ? what : `${what}: ${message}`
}
