import type { Samples } from '../../model.ts'
import type { Telemetry } from '../../telemetry.ts'
import { deliveryAccount, type Account } from './account.ts'
import { batchDelivery } from './batch.ts'
import { lostSeries } from './lost-series.ts'
import type { Outcome } from '../outcome.ts'
import { memoryQueue, partOf, type SampleQueue } from '../sample-queue.ts'
import type { OpenSink } from '../sink.ts'
import type { SpoolPlace } from '../spool/folder.ts'
import { spooledQueue } from './spooled-queue.ts'

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
  const account = deliveryAccount(name, telemetry, parts.log)
  const queue = openQueue(parts, account)
  const lost = lostSeries(queue, parts.spool?.returnWithinMs ?? RETURN_WITHIN_MS)
  const giveUp = new AbortController()
  const leave = new AbortController()
  const deliver = batchDelivery({
    encode,
    send,
    account,
    waiting: observe,
    onTooLarge: samples => (maxSamplesPerSend = Math.max(1, Math.floor(samples / 2))),
    giveUp: giveUp.signal,
    leave: leave.signal,
    isKept: queue.isKept,
  })
  let maxSamplesPerSend = parts.maxSamplesPerSend
  let inHand: Hand | undefined
  let isClosing = false
  let isPumping = false
  let pumped = Promise.resolve()

  observe()
  if (queue.size() > 0) pumped = pump()

  function offer(samples: Samples, drain?: string): void {
    if (samples.series.length === 0) return
    const ended = lost.before(samples)
    for (const moment of ended ? [ended, samples] : [samples]) {
      account.offered(countOf(moment))
      if (isClosing)
        account.dropped(countOf(moment), 'shutdown', 'offered after the sink was closed')
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
      inHand = { moment, settled: 0, isInDoubt: queue.isInDoubt() }
      // How old it is, the spool did not know before it was read.
      observe()
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

  async function deliverMoment(hand: Hand): Promise<void> {
    const { moment, isInDoubt } = hand
    const done = new Map<number, { end: number; counts: (() => void)[] }>()
    let next = 0
    async function lane(): Promise<void> {
      while (next < countOf(moment)) {
        const start = next
        next = Math.min(countOf(moment), start + maxSamplesPerSend)
        const end = next
        const counts: (() => void)[] = []
        const later = (count: () => void) => void counts.push(count)
        if (!(await deliver(partOf(moment, start, end), isInDoubt, later))) return
        done.set(start, { end, counts })
        for (let one = done.get(hand.settled); one; one = done.get(hand.settled)) {
          for (const count of one.counts) count()
          hand.settled = one.end
        }
        if (hand.settled < countOf(moment)) queue.settle(hand.settled)
      }
    }
    const lanes = Math.min(maxParallel, Math.ceil(countOf(moment) / maxSamplesPerSend) || 1)
    await Promise.all(Array.from({ length: lanes }, lane))
  }

  /** Tells what waits, and gives it. */
  function observe(): number {
    const waiting = queue.size() + (inHand ? countOf(inHand.moment) - inHand.settled : 0)
    account.waits(waiting, inHand?.moment.timestampMs ?? queue.oldestMs())
    return waiting
  }

  async function close(): Promise<void> {
    if (isClosing) return pumped
    isClosing = true
    leave.abort()
    const deadline = setTimeout(() => giveUp.abort(), flushMs)
    await pumped
    clearTimeout(deadline)
    const left = observe()
    const lostCount = await queue.close()
    if (lostCount > 0) account.dropped(lostCount, 'shutdown', NOT_IN_TIME)
    if (left > lostCount)
      account.log('left', `${left - lostCount} samples stay in the spool for the next start`)
    parts.close?.()
  }

  return { offer, [Symbol.asyncDispose]: close }
}

/** The moment that is being sent, and how many samples from its beginning are settled. */
type Hand = { readonly moment: Samples; readonly isInDoubt: boolean; settled: number }

function openQueue(
  {
    name,
    telemetry,
    queueLimit: limit,
    spool: place,
  }: Pick<DeliveryParts<unknown>, 'name' | 'telemetry' | 'queueLimit' | 'spool'>,
  { log, dropped: onDrop }: Account,
): SampleQueue {
  if (!place) return memoryQueue(limit, onDrop)
  const warn = (line: string) => log('spool', line)
  return spooledQueue({ place, limit, name, telemetry, onDrop, warn })
}

function countOf(batch: Samples): number {
  return batch.series.length
}
