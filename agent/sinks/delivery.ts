import { setTimeout as pause } from 'node:timers/promises'
import type { Samples } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'
import { backoffMs } from './backoff.ts'
import { quietLog } from '../quiet-log.ts'
import { partOf, sampleQueue } from './sample-queue.ts'
import type { OpenSink } from './sink.ts'

/** What became of one attempt. `reason` is short and one of few (a metric label), `detail` is for people. */
export type Outcome =
  | {
      readonly kind: 'taken'
      /** How many samples the destination says it wrote; absent: all of them. */
      readonly written?: number
    }
  /** Not in this form: the same batch is encoded anew and sent at once. */
  | { readonly kind: 'again'; readonly detail: string }
  /** Not in one piece: each half of the batch is encoded and sent by itself. */
  | { readonly kind: 'halve' }
  | {
      readonly kind: 'retry'
      readonly reason: string
      readonly detail: string
      readonly retryAfterMs?: number | undefined
    }
  | {
      readonly kind: 'refused'
      readonly reason: string
      readonly detail: string
      /** How many samples were written nevertheless; absent: none. */
      readonly written?: number
      /** The request was too large: what follows is sent in smaller ones. */
      readonly isTooLarge?: boolean
    }

const NOT_WRITTEN = 'the destination said yes, but wrote fewer samples than it was sent'

export type DeliveryParts<Body> = {
  readonly name: string
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
  /** Samples held at most, the batch in hand included; the oldest go first. */
  readonly queueLimit: number
  readonly maxSamplesPerSend: number
  /** Called once per batch, and once more after `again`: a retry sends the same body again. */
  readonly encode: (batch: Samples) => Body
  /** One attempt; must end soon after `signal` aborts. */
  readonly send: (body: Body, signal: AbortSignal) => Promise<Outcome>
  /** How long disposing may take, ms; shorter than the 5 s after which the agent ends anyway. */
  readonly flushMs?: number
  /** Called once nothing is in flight any more. */
  readonly close?: () => void
}

/**
 * Delivers strictly in order, one request in flight: a batch is retried until it is taken or refused,
 * and everything younger waits behind it. A full queue drops the oldest that wait, so that what
 * arrives after an outage is fresh; the batch in hand stays, because it may have arrived already.
 */
export function startDelivery<Body>(parts: DeliveryParts<Body>): OpenSink {
  const { name, telemetry, queueLimit, encode, send, flushMs = 4_000 } = parts
  const queue = sampleQueue()
  const log = quietLog(line => parts.log(`sink ${name}: ${line}`))
  const giveUp = new AbortController()
  let maxSamplesPerSend = parts.maxSamplesPerSend
  let inHand: Samples | undefined
  let isClosing = false
  let isPumping = false
  let pumped = Promise.resolve()

  telemetry.sinkSamplesSent.inc({ sink: name }, 0)
  observe()

  function offer(samples: Samples): void {
    if (samples.series.length === 0) return
    if (isClosing) return drop(samples, 'shutdown', 'offered after the sink was closed')
    const dropped = queue.push(samples, queueLimit - countOf(inHand))
    if (dropped > 0)
      dropCount(dropped, 'queue_full', `the queue holds ${queueLimit} samples and is full`)
    if (!isPumping) pumped = pump()
    observe()
  }

  async function pump(): Promise<void> {
    isPumping = true
    for (;;) {
      inHand = queue.take(giveUp.signal.aborted ? Infinity : maxSamplesPerSend)
      if (!inHand) break
      await deliver(inHand)
      inHand = undefined
      observe()
    }
    isPumping = false
  }

  async function deliver(batch: Samples): Promise<void> {
    try {
      if (!giveUp.signal.aborted) await deliverBody(batch, encode(batch))
      else abandon(batch)
    } catch (error) {
      // A fault of ours in one batch must not end the sink: the next batch may be fine.
      drop(batch, 'internal', String(error))
    }
  }

  async function deliverBody(batch: Samples, first: Body): Promise<void> {
    let body = first
    let isAnew = false
    for (let attempt = 0; ; attempt++) {
      const outcome = await send(body, giveUp.signal)
      if (outcome.kind === 'taken')
        return settle(batch, outcome.written ?? countOf(batch), 'not_written', NOT_WRITTEN)
      if (giveUp.signal.aborted) return abandon(batch)
      if (outcome.kind === 'halve') return deliverHalves(batch)
      if (outcome.kind === 'again') {
        // Once is a change of form; more would be a circle without a pause.
        if (isAnew) throw new Error(`asked twice for another form: ${outcome.detail}`)
        isAnew = true
        log('again', outcome.detail)
        body = encode(batch)
        continue
      }
      telemetry.sinkFailures.inc({ sink: name, reason: outcome.reason })
      if (outcome.kind === 'refused') {
        if (outcome.isTooLarge) maxSamplesPerSend = Math.max(1, Math.floor(countOf(batch) / 2))
        return settle(batch, outcome.written ?? 0, outcome.reason, outcome.detail)
      }
      log(outcome.reason, `${outcome.detail}; trying again, ${waiting()} samples wait`)
      observe()
      await sleep(backoffMs(attempt, Math.random(), outcome.retryAfterMs))
      if (giveUp.signal.aborted) return abandon(batch)
    }
  }

  async function deliverHalves(batch: Samples): Promise<void> {
    const middle = Math.floor(countOf(batch) / 2)
    if (middle === 0) throw new Error('a single sample cannot be halved')
    await deliver(partOf(batch, 0, middle))
    await deliver(partOf(batch, middle))
  }

  /** Counts what is known to be written as sent, and what is missing as dropped. */
  function settle(batch: Samples, written: number, reason: string, detail: string): void {
    const sent = Math.min(written, countOf(batch))
    telemetry.sinkSamplesSent.inc({ sink: name }, sent)
    if (sent < countOf(batch)) dropCount(countOf(batch) - sent, reason, detail)
  }

  function sleep(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: giveUp.signal }).catch(() => undefined)
  }

  function abandon(batch: Samples): void {
    drop(batch, 'shutdown', 'stopped before the destination took everything')
  }

  function drop(batch: Samples, reason: string, detail: string): void {
    dropCount(countOf(batch), reason, detail)
  }

  function dropCount(count: number, reason: string, detail: string): void {
    telemetry.sinkSamplesDropped.inc({ sink: name, reason }, count)
    log(`dropped ${reason}`, `${detail}; ${count} samples dropped`)
  }

  function waiting(): number {
    return queue.size() + countOf(inHand)
  }

  function observe(): void {
    const oldestMs = inHand?.timestampMs ?? queue.oldestMs()
    telemetry.sinkQueueSamples.set({ sink: name }, waiting())
    const delayMs = oldestMs === undefined ? 0 : Math.max(0, Date.now() - oldestMs)
    telemetry.sinkDelay.set({ sink: name }, delayMs / 1_000)
  }

  async function close(): Promise<void> {
    isClosing = true
    const deadline = setTimeout(() => giveUp.abort(), flushMs)
    await pumped
    clearTimeout(deadline)
    parts.close?.()
  }

  return { offer, [Symbol.asyncDispose]: close }
}

function countOf(batch: Samples | undefined): number {
  return batch?.series.length ?? 0
}
