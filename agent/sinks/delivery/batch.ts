import { setTimeout as pause } from 'node:timers/promises'
import type { Samples } from '../../model.ts'
import { backoffMs } from '../backoff.ts'
import type { Account } from './account.ts'
import type { Outcome } from '../outcome.ts'
import { partOf } from '../sample-queue.ts'

const NOT_IN_TIME = 'stopped before the destination took everything'

export type BatchParts<Body> = {
  readonly encode: (batch: Samples) => Body
  readonly send: (body: Body, signal: AbortSignal) => Promise<Outcome>
  readonly account: Account
  /** Samples that wait. */
  readonly waiting: () => number
  /** Such a request was too large. */
  readonly onTooLarge: (samples: number) => void
  /** The end has come: nothing is sent any more. */
  readonly giveUp: AbortSignal
  /** The end is near: who is kept for the next agent waits no more. */
  readonly leave: AbortSignal
  /** Whether the next agent finds what is being sent. */
  readonly isKept: () => boolean
}

/** Samples on their way. */
type Sending = {
  readonly batch: Samples
  /** The destination may have them without our knowing. */
  isInDoubt: boolean
  readonly later: Later
}

/** Does it when the next agent is not to send them any more: what is counted twice would be counted wrongly. */
export type Later = (count: () => void) => void

/**
 * Sends batches, each until it is settled: taken, refused, or counted as dropped; what may have arrived nevertheless is
 * never told as plainly dropped. Resolves to false if the next agent is to do it.
 */
export function batchDelivery<Body>(
  parts: BatchParts<Body>,
): (batch: Samples, isInDoubt: boolean, later: Later) => Promise<boolean> {
  const { encode, send, account, waiting, onTooLarge, giveUp, leave, isKept } = parts

  async function deliver(batch: Samples, isInDoubt: boolean, later: Later): Promise<boolean> {
    const sending = { batch, isInDoubt, later }
    try {
      if (giveUp.aborted) return abandon(sending)
      return await deliverBody(sending, encode(batch))
    } catch (error) {
      // A fault of ours in one batch must not end the sink: the next batch may be fine.
      drop(sending, 'internal', String(error))
      return true
    }
  }

  async function deliverBody(sending: Sending, first: Body): Promise<boolean> {
    const { batch } = sending
    const count = batch.series.length
    let body = first
    let isAnew = false
    for (let attempt = 0; ; attempt++) {
      const outcome = await send(body, giveUp)
      account.attempted(outcome)
      sending.isInDoubt ||= outcome.isUnanswered === true
      if (outcome.kind === 'taken') {
        sending.later(() => account.settled(count, outcome, sending.isInDoubt))
        return true
      }
      if (giveUp.aborted) return abandon(sending)
      if (outcome.kind === 'halve') return await deliverHalves(sending)
      if (outcome.kind === 'again') {
        // Once is a change of form; more would be a circle without a pause.
        if (isAnew) throw new Error(`asked twice for another form: ${outcome.detail}`)
        isAnew = true
        account.log('again', outcome.detail)
        body = encode(batch)
        continue
      }
      account.failed(outcome.reason)
      if (outcome.kind === 'refused') {
        if (outcome.isTooLarge) onTooLarge(count)
        sending.later(() => account.settled(count, outcome, sending.isInDoubt))
        return true
      }
      account.log(outcome.reason, `${outcome.detail}; trying again, ${waiting()} samples wait`)
      await sleep(backoffMs(attempt, Math.random(), outcome.retryAfterMs))
      if (giveUp.aborted || (leave.aborted && isKept())) return abandon(sending)
      account.retried(count)
    }
  }

  async function deliverHalves({ batch, isInDoubt, later }: Sending): Promise<boolean> {
    const middle = Math.floor(batch.series.length / 2)
    if (middle === 0) throw new Error('a single sample cannot be halved')
    return (
      (await deliver(partOf(batch, 0, middle), isInDoubt, later)) &&
      (await deliver(partOf(batch, middle), isInDoubt, later))
    )
  }

  /** Waiting for a destination that is down would only make the end late: the spool keeps what waits. */
  function sleep(ms: number): Promise<void> {
    const signal = isKept() ? leave : giveUp
    return pause(ms, undefined, { signal }).catch(() => undefined)
  }

  /** False: the next agent finds it in the spool. */
  function abandon(sending: Sending): boolean {
    if (isKept()) return false
    drop(sending, 'shutdown', NOT_IN_TIME)
    return true
  }

  function drop({ batch, isInDoubt, later }: Sending, reason: string, detail: string): void {
    const count = batch.series.length
    later(() => {
      if (isInDoubt) account.droppedInDoubt(count, detail)
      else account.dropped(count, reason, detail)
    })
  }

  return deliver
}
