import { gzipSync } from 'node:zlib'
import type { Samples } from '../../model.ts'
import type { Outcome } from '../outcome.ts'
import { startDelivery } from '../delivery/delivery.ts'
import type { Answer } from '../http/http.ts'
import { openHttpWith } from '../http/http.ts'
import { noted, sentAgain, told } from '../http/outcome.ts'
import { readSecret } from '../http/files.ts'
import { eventEncoder, isTold } from './events.ts'
import type { NewRelicOptions } from './options.ts'
import type { Sink } from '../sink.ts'
import { counterChanges } from '../traffic-changes.ts'

// Of the Event API, per POST; what is meant is the JSON before compression, or it is on the safe side.
const MAX_EVENTS = 2_000
const MAX_BYTES = 1_000_000
// A target that moved has four to six counters that did; the account may send 100,000 requests a minute.
const MAX_CHANGES_PER_SEND = 8_000
// Older events are taken, and thrown away.
const MAX_AGE_MS = 24 * 3_600_000

/** One request; no `bytes`: too large for the API. */
type Body = {
  readonly bytes: Uint8Array | undefined
  readonly changes: number
  readonly timestampMs: number
}

/** Events of New Relic, one per target and interval in which it moved, with what it moved since the one before. */
export const newRelic: Sink<NewRelicOptions> = ({
  name,
  options,
  version,
  telemetry,
  log,
  spool,
}) => {
  const { key, keyFile, account } = options
  const http = openHttpWith(options, () => ({
    'api-key': key || readSecret('keyFile', keyFile),
  }))
  const changesOf = counterChanges(isTold)
  telemetry.sinkValuesCut.inc({ sink: name }, 0)
  const eventsOf = eventEncoder(() => telemetry.sinkValuesCut.inc({ sink: name }))
  const keySetting = `sinks.${name}.${keyFile === '' ? 'key' : 'keyFile'}`

  function encode(changes: Samples): Body {
    const { timestampMs, series, values } = changes
    if (!values) return { bytes: undefined, changes: 0, timestampMs }
    const { json, events } = eventsOf(changes)
    const isTooLarge = events > MAX_EVENTS || Buffer.byteLength(json) > MAX_BYTES
    return {
      bytes: isTooLarge ? undefined : gzipSync(json, { level: 1 }),
      changes: series.length,
      timestampMs,
    }
  }

  async function send(
    { bytes, changes, timestampMs }: Body,
    signal: AbortSignal,
  ): Promise<Outcome> {
    // After a crash, series that did not come back are ended: nothing an event tells.
    if (changes === 0) return { kind: 'taken' }
    if (!bytes) return halved(changes, 'one event is larger than the 1 MB that New Relic takes')
    if (Date.now() - timestampMs > MAX_AGE_MS)
      return {
        kind: 'refused',
        reason: 'too_old',
        detail: 'New Relic takes events of one day only',
      }
    const headers = {
      'content-encoding': 'gzip',
      'content-type': 'application/json',
      'user-agent': `podatlas/${version}`,
    }
    const answer = await http.post(headers, bytes, signal)
    const outcome = noted(judge(answer, http.where), answer)
    if (outcome.kind !== 'refused') return outcome
    if (outcome.reason === '413') return halved(changes, outcome.detail)
    if (outcome.reason !== '403') return outcome
    const hint = `${keySetting} must be a license key of account ${account} in its region`
    return { ...outcome, detail: `${outcome.detail}; ${hint}` }
  }

  const delivery = startDelivery({
    name,
    telemetry,
    log,
    queueLimit: options.queueLimit,
    maxParallel: options.maxParallel,
    spool,
    maxSamplesPerSend: MAX_CHANGES_PER_SEND,
    encode,
    send,
    close: () => http[Symbol.dispose](),
  })
  return { ...delivery, offer: (samples, drain) => delivery.offer(changesOf(samples), drain) }
}

function halved(changes: number, detail: string): Outcome {
  return changes > 1 ? { kind: 'halve' } : { kind: 'refused', reason: 'too_large', detail }
}

/** 408, 429, 5xx and no answer are tried again; the rest says that the request is wrong, and stays so. */
function judge(answer: Answer, where: string): Outcome {
  if ('fault' in answer) return { kind: 'retry', reason: answer.fault, detail: answer.text }
  const { status, text } = answer
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const reason = String(status)
  const detail = told(`${where} answered ${status}`, text)
  if (status === 408 || status === 429 || status >= 500) return sentAgain(answer, detail)
  return { kind: 'refused', reason, detail }
}
