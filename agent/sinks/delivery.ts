import { setTimeout as pause } from 'node:timers/promises'
import type { Samples } from '../model.ts'
import { quietLog } from '../quiet-log.ts'
import type { Telemetry } from '../telemetry.ts'
import { backoffMs } from './backoff.ts'
import { lostSeries } from './lost-series.ts'
import { memoryQueue, partOf, type OnDrop, type SampleQueue } from './sample-queue.ts'
import type { OpenSink } from './sink.ts'
import type { SpoolPlace } from './spool-folder.ts'
import { spooledQueue } from './spooled-queue.ts'

/** What became of one attempt. `reason` is short and one of few (a metric label), `detail` is for people. */
export type Outcome = Attempt & Verdict

type Attempt = {
  /** Bytes that went out for it. */
  readonly sentBytes?: number | undefined
  /** The destination's clock when it answered, ms since the epoch. */
  readonly serverMs?: number | undefined
}

type Verdict =
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
const NOT_IN_TIME = 'stopped before the destination took everything'
/** Names of pods come from the API server, some seconds after the start. */
const RETURN_WITHIN_MS = 60_000

export type DeliveryParts<Body> = {
  readonly name: string
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
  /** Samples held in memory at most; the oldest go first. */
  readonly queueLimit: number
  /** Where what waits is on disk as well, before `offer` returns. Absent: in memory only. */
  readonly spool?: SpoolPlace | undefined
  /** Requests in flight at a time, of different series; 1 if not told. */
  readonly maxParallel?: number | undefined
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
 * Delivers moment after moment, each in as many requests as it takes, several of them in flight at a
 * time. No series is twice in a moment, and the next one begins when all of this one is settled: so no
 * sample of a series ever overtakes another, whatever is retried, and however many requests fly. What
 * waits beyond a bound is dropped, the oldest first, so that what arrives after an outage is fresh; the
 * moment in hand stays, because it may have arrived already.
 */
export function startDelivery<Body>(parts: DeliveryParts<Body>): OpenSink {
  const { name, telemetry, encode, send, maxParallel = 1, flushMs = 4_000 } = parts
  const log = quietLog(line => parts.log(`sink ${name}: ${line}`))
  const queue = openQueue(parts, dropCount, line => log('spool', line))
  const lost = lostSeries(queue, parts.spool?.returnWithinMs ?? RETURN_WITHIN_MS)
  const giveUp = new AbortController()
  const leave = new AbortController()
  let maxSamplesPerSend = parts.maxSamplesPerSend
  let inHand: { readonly moment: Samples; settled: number } | undefined
  let isClosing = false
  let isPumping = false
  let pumped = Promise.resolve()

  for (const one of [
    telemetry.sinkSamplesOffered,
    telemetry.sinkSamplesSent,
    telemetry.sinkSamplesRetried,
  ])
    one.inc({ sink: name }, 0)
  observe()
  if (queue.size() > 0) pumped = pump()

  function offer(samples: Samples, drain?: string): void {
    if (samples.series.length === 0) return
    const ended = lost.before(samples)
    for (const moment of ended ? [ended, samples] : [samples]) {
      telemetry.sinkSamplesOffered.inc({ sink: name }, countOf(moment))
      if (isClosing) drop(moment, 'shutdown', 'offered after the sink was closed')
      else queue.push(moment, drain)
    }
    if (!isPumping && !isClosing) pumped = pump()
    observe()
  }

  async function pump(): Promise<void> {
    isPumping = true
    while (!isLeaving()) {
      const taken = queue.take()
      const moment = taken instanceof Promise ? await taken : taken
      if (!moment) break
      inHand = { moment, settled: 0 }
      // Who offered it releases what it was counted from before anything of it goes out.
      await Promise.resolve()
      await deliverMoment(inHand)
      if (inHand.settled < countOf(moment)) break
      queue.settle()
      inHand = undefined
      observe()
    }
    isPumping = false
  }

  /** Whether the next agent is to have what is not settled, now. */
  function isLeaving(): boolean {
    return giveUp.signal.aborted && queue.isKept()
  }

  async function deliverMoment(hand: { readonly moment: Samples; settled: number }): Promise<void> {
    const { moment } = hand
    const endOf = new Map<number, number>()
    let next = 0
    async function lane(): Promise<void> {
      while (next < countOf(moment)) {
        const start = next
        next = Math.min(countOf(moment), start + maxSamplesPerSend)
        const end = next
        if (!(await deliver(partOf(moment, start, end)))) return
        endOf.set(start, end)
        for (let at = endOf.get(hand.settled); at !== undefined; at = endOf.get(at))
          hand.settled = at
        if (hand.settled < countOf(moment)) queue.settle(hand.settled)
      }
    }
    const lanes = Math.min(maxParallel, Math.ceil(countOf(moment) / maxSamplesPerSend) || 1)
    await Promise.all(Array.from({ length: lanes }, lane))
  }

  /** Resolves to false if the next agent is to do it. */
  async function deliver(batch: Samples): Promise<boolean> {
    try {
      if (giveUp.signal.aborted) return abandon(batch)
      return await deliverBody(batch, encode(batch))
    } catch (error) {
      // A fault of ours in one batch must not end the sink: the next batch may be fine.
      drop(batch, 'internal', String(error))
      return true
    }
  }

  async function deliverBody(batch: Samples, first: Body): Promise<boolean> {
    let body = first
    let isAnew = false
    for (let attempt = 0; ; attempt++) {
      const outcome = await send(body, giveUp.signal)
      note(outcome)
      if (outcome.kind === 'taken')
        return settle(batch, outcome.written ?? countOf(batch), 'not_written', NOT_WRITTEN)
      if (giveUp.signal.aborted) return abandon(batch)
      if (outcome.kind === 'halve') return await deliverHalves(batch)
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
      if (hasToGo()) return abandon(batch)
      telemetry.sinkSamplesRetried.inc({ sink: name }, countOf(batch))
    }
  }

  async function deliverHalves(batch: Samples): Promise<boolean> {
    const middle = Math.floor(countOf(batch) / 2)
    if (middle === 0) throw new Error('a single sample cannot be halved')
    return (await deliver(partOf(batch, 0, middle))) && (await deliver(partOf(batch, middle)))
  }

  function note({ sentBytes, serverMs }: Outcome): void {
    if (sentBytes !== undefined) telemetry.sinkWireBytes.inc({ sink: name }, sentBytes)
    if (serverMs === undefined) return
    telemetry.sinkClockSkew.set({ sink: name }, (serverMs - Date.now()) / 1_000)
  }

  /** Counts what is known to be written as sent, and what is missing as dropped. */
  function settle(batch: Samples, written: number, reason: string, detail: string): true {
    const sent = Math.min(written, countOf(batch))
    telemetry.sinkSamplesSent.inc({ sink: name }, sent)
    if (sent < countOf(batch)) dropCount(countOf(batch) - sent, reason, detail)
    return true
  }

  /** Waiting for a destination that is down would only make the end late: the spool keeps what waits. */
  function sleep(ms: number): Promise<void> {
    const { signal } = queue.isKept() ? leave : giveUp
    return pause(ms, undefined, { signal }).catch(() => undefined)
  }

  function hasToGo(): boolean {
    return giveUp.signal.aborted || (leave.signal.aborted && queue.isKept())
  }

  /** False: the next agent finds it in the spool. */
  function abandon(batch: Samples): boolean {
    if (queue.isKept()) return false
    drop(batch, 'shutdown', NOT_IN_TIME)
    return true
  }

  function drop(batch: Samples, reason: string, detail: string): void {
    dropCount(countOf(batch), reason, detail)
  }

  function dropCount(count: number, reason: string, detail: string): void {
    telemetry.sinkSamplesDropped.inc({ sink: name, reason }, count)
    log(`dropped ${reason}`, `${detail}; ${count} samples dropped`)
  }

  function waiting(): number {
    return queue.size() + (inHand ? countOf(inHand.moment) - inHand.settled : 0)
  }

  function observe(): void {
    const oldestMs = inHand?.moment.timestampMs ?? queue.oldestMs()
    telemetry.sinkQueueSamples.set({ sink: name }, waiting())
    const delayMs = oldestMs === undefined ? 0 : Math.max(0, Date.now() - oldestMs)
    telemetry.sinkDelay.set({ sink: name }, delayMs / 1_000)
  }

  async function close(): Promise<void> {
    if (isClosing) return pumped
    isClosing = true
    leave.abort()
    const deadline = setTimeout(() => giveUp.abort(), flushMs)
    await pumped
    clearTimeout(deadline)
    const left = waiting()
    const lostCount = await queue.close()
    if (lostCount > 0) dropCount(lostCount, 'shutdown', NOT_IN_TIME)
    if (left > lostCount)
      log('left', `${left - lostCount} samples stay in the spool for the next start`)
    parts.close?.()
  }

  return { offer, [Symbol.asyncDispose]: close }
}

function openQueue(
  {
    name,
    telemetry,
    queueLimit: limit,
    spool: place,
  }: Pick<DeliveryParts<unknown>, 'name' | 'telemetry' | 'queueLimit' | 'spool'>,
  onDrop: OnDrop,
  warn: (line: string) => void,
): SampleQueue {
  if (!place) return memoryQueue(limit, onDrop)
  return spooledQueue({ place, limit, name, telemetry, onDrop, warn })
}

function countOf(batch: Samples): number {
  return batch.series.length
}
