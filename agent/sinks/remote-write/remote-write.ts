import type { Outcome } from '../outcome.ts'
import { startDelivery } from '../delivery/delivery.ts'
import type { Answer } from '../http/http.ts'
import { openHttp } from '../http/http.ts'
import { noted, sentAgain, told } from '../http/outcome.ts'
import type { RemoteWriteOptions } from './options.ts'
import type { Version, WriteBody } from './protocol.ts'
import { encodeBody, VERSION_HEADERS, writtenOf } from './protocol.ts'
import type { Sink } from '../sink.ts'

// What Prometheus' own sender uses.
const MAX_SAMPLES_PER_SEND = 2_000

const TOO_LARGE: Outcome = {
  kind: 'refused',
  reason: 'too_large',
  detail: 'the labels of one sample are larger than the 32 MB that receivers take',
}

/** Prometheus remote write 2.0 and 1.0, for Prometheus and everything that takes what Prometheus sends. */
export const remoteWrite: Sink<RemoteWriteOptions> = ({
  name,
  options,
  version,
  telemetry,
  log,
  spool,
}) => {
  const http = openHttp(options)
  const fixedHeaders = {
    'content-encoding': 'snappy',
    'user-agent': `podatlas/${version}`,
  }
  const isFixed = options.protocol !== 'auto'
  let protocol: Version = options.protocol === '1.0' ? '1.0' : '2.0'
  let hasTaken = false
  const send = async (body: WriteBody, signal: AbortSignal): Promise<Outcome> => {
    const { bytes, samples } = body
    if (!bytes) return samples > 1 ? { kind: 'halve' } : TOO_LARGE
    const headers = { ...fixedHeaders, ...VERSION_HEADERS[body.version] }
    const answer = await http.post(headers, bytes, signal)
    const outcome = noted(judge(answer, http.where, body), answer)
    if (outcome.kind === 'taken') hasTaken = true
    if (outcome.kind !== 'refused') return outcome
    if (outcome.reason === '415' && body.version === '2.0' && !isFixed) {
      // Until the agent is started anew: one that was 1.0 only would be asked again with each batch.
      protocol = '1.0'
      return { kind: 'again', detail: `${outcome.detail}; from now on it gets remote write 1.0` }
    }
    const mayBeOld = body.version === '2.0' && (isFixed || !hasTaken)
    if (!mayBeOld || (outcome.reason !== '400' && outcome.reason !== '415')) return outcome
    const hint = `if it knows remote write 1.0 only, set sinks.${name}.protocol to "1.0"`
    return { ...outcome, detail: `${outcome.detail}; ${hint}` }
  }
  return startDelivery({
    name,
    telemetry,
    log,
    queueLimit: options.queueLimit,
    maxParallel: options.maxParallel,
    spool,
    maxSamplesPerSend: MAX_SAMPLES_PER_SEND,
    encode: batch => encodeBody(protocol, batch),
    send,
    close: () => http[Symbol.dispose](),
  })
}

/** Which answers remote write tries again: 429, every 5xx, and no answer at all. */
function judge(answer: Answer, where: string, { version }: WriteBody): Outcome {
  if ('fault' in answer) return { kind: 'retry', reason: answer.fault, detail: answer.text }
  const { status, headers, text } = answer
  // Of an answer to 1.0 they say nothing, not even whether the receiver knows them.
  const written = version === '2.0' ? writtenOf(headers) : undefined
  if (status >= 200 && status < 300) {
    if (version === '1.0') return { kind: 'taken' }
    if (written !== undefined) return { kind: 'taken', written }
    // Decoded as 1.0, a request of 2.0 is an empty message.
    const detail = `${where} answered ${status}, but not how many samples it wrote`
    return { kind: 'refused', reason: '415', detail }
  }
  const reason = String(status)
  const detail = told(`${where} answered ${status}`, text)
  if (status === 429 || status >= 500) return sentAgain(answer, detail)
  if (status >= 300 && status < 400)
    return { kind: 'refused', reason, detail: `${detail}; set endpoint to where it redirects` }
  return { kind: 'refused', reason, detail, written: written ?? 0, isTooLarge: status === 413 }
}
