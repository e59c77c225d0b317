import type { Outcome } from '../outcome.ts'
import type { GrpcAnswer } from '../grpc/grpc.ts'
import type { Answer } from '../http/http.ts'
import { noted, sentAgain, told } from '../http/outcome.ts'
import { partialSuccessIn, refusalIn } from './answer.ts'

/** What became of an attempt, and what the receiver has to say to a request that it took. */
export type Judged = { readonly outcome: Outcome; readonly warning?: string }

/** Everything else is final, 500 too: OTLP is stricter there than remote write. */
const RETRIED_STATUSES = [429, 502, 503, 504]

const RETRIED_CODES = [
  'aborted',
  'cancelled',
  'data_loss',
  'deadline_exceeded',
  'out_of_range',
  'unavailable',
]

/** After these a call may have been taken: gRPC says so itself, or its server is not who answered. */
const DOUBTFUL_CODES = ['cancelled', 'deadline_exceeded', 'unavailable']

export function judgeHttp(answer: Answer, where: string, samples: number): Judged {
  const { outcome, ...rest } = judgedHttp(answer, where, samples)
  return { outcome: noted(outcome, answer), ...rest }
}

export function judgeGrpc(answer: GrpcAnswer, where: string, samples: number): Judged {
  const { outcome, ...rest } = judgedGrpc(answer, where, samples)
  const { sentBytes } = answer
  const isUnanswered =
    answer.isUnanswered || ('status' in answer && DOUBTFUL_CODES.includes(answer.status))
  return { outcome: { ...outcome, sentBytes, isUnanswered }, ...rest }
}

function judgedHttp(answer: Answer, where: string, samples: number): Judged {
  if ('fault' in answer) return lost(answer)
  const { status, headers, body, redact } = answer
  const type = headers['content-type'] ?? ''
  const isHtml = type.startsWith('text/html')
  if (status >= 200 && status < 300 && !isHtml) return taken(body, redact, where, samples)
  const said = type.startsWith('application/x-protobuf') ? redact(refusalIn(body).message) : ''
  const detail = told(`${where} answered ${status}`, said || answer.text)
  const reason = String(status)
  // A page for people, such as of the wrong port: nobody has taken anything.
  if (status >= 200 && status < 300)
    return refused('not_otlp', `${where} answered with a page of HTML: is it an endpoint of OTLP?`)
  if (RETRIED_STATUSES.includes(status)) return { outcome: sentAgain(answer, detail) }
  if (status >= 300 && status < 400)
    return refused(reason, `${detail}; set endpoint to where it redirects`)
  return refused(reason, detail, status === 413)
}

function judgedGrpc(answer: GrpcAnswer, where: string, samples: number): Judged {
  if ('fault' in answer) return lost(answer)
  const { status, details, text, body, redact } = answer
  if (status === 'ok') return taken(body, redact, where, samples)
  const { retryDelayMs } = refusalIn(details)
  const detail = told(`${where} answered ${status}`, text)
  // Of a server that says when it will have recovered; the others mean that the request is too large.
  const hasRecovery = status === 'resource_exhausted' && retryDelayMs !== undefined
  if (!hasRecovery && !RETRIED_CODES.includes(status))
    return refused(status, detail, status === 'resource_exhausted')
  return { outcome: { kind: 'retry', reason: status, detail, retryAfterMs: retryDelayMs } }
}

function lost({ fault, text }: { fault: string; text: string }): Judged {
  return { outcome: { kind: 'retry', reason: fault, detail: text } }
}

function refused(reason: string, detail: string, isTooLarge = false): Judged {
  return { outcome: { kind: 'refused', reason, detail, isTooLarge } }
}

function taken(
  body: Uint8Array,
  redact: (text: string) => string,
  where: string,
  samples: number,
): Judged {
  const partial = partialSuccessIn(body)
  if (!partial) return { outcome: { kind: 'taken' } }
  const { rejected } = partial
  const message = redact(partial.message)
  if (rejected === 0)
    return { outcome: { kind: 'taken' }, warning: told(`${where} warns`, message) }
  // Not by mistake below zero: a receiver may count points in its own way.
  const written = Math.max(0, samples - rejected)
  const detail = told(`${where} took all but ${rejected} points`, message)
  return { outcome: { kind: 'refused', reason: 'rejected', detail, written } }
}
