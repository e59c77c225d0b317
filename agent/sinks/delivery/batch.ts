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

/**
 * Sends batches, each until it is settled: taken, refused, or counted as dropped. Resolves to false if the next agent
 * is to do it.
 */
export function batchDelivery<Body>(parts: BatchParts<Body>): (batch: Samples) => Promise<boolean> {
  const { encode, send, account, waiting, onTooLarge, giveUp, leave, isKept } = parts

  async function deliver(batch: Samples): Promise<boolean> {
    try {
      if (giveUp.aborted) return abandon(batch)
      return await deliverBody(batch, encode(batch))
    } catch (error) {
      // A fault of ours in one batch must not end the sink: the next batch may be fine.
      account.dropped(batch.series.length, 'internal', String(error))
      return true
    }
  }

  async function deliverBody(batch: Samples, first: Body): Promise<boolean> {
    const count = batch.series.length
    let body = first
    let isAnew = false
    for (let attempt = 0; ; attempt++) {
      const outcome = await send(body, giveUp)
      account.attempted(outcome)
      if (outcome.kind === 'taken') {
        account.settled(count, outcome)
        return true
      }
      if (giveUp.aborted) return abandon(batch)
      if (outcome.kind === 'halve') return await deliverHalves(batch)
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
        account.settled(count, outcome)
        return true
      }
      account.log(outcome.reason, `${outcome.detail}; trying again, ${waiting()} samples wait`)
      await sleep(backoffMs(attempt, Math.random(), outcome.retryAfterMs))
      if (giveUp.aborted || (leave.aborted && isKept())) return abandon(batch)
      account.retried(count)
    }
  }

  async function deliverHalves(batch: Samples): Promise<boolean> {
    const middle = Math.floor(batch.series.length / 2)
    if (middle === 0) throw new Error('a single sample cannot be halved')
    return (await deliver(partOf(batch, 0, middle))) && (await deliver(partOf(batch, middle)))
  }

  /** Waiting for a destination that is down would only make the end late: the spool keeps what waits. */
  function sleep(ms: number): Promise<void> {
    const signal = isKept() ? leave : giveUp
    return pause(ms, undefined, { signal }).catch(() => undefined)
  }

  /** False: the next agent finds it in the spool. */
  function abandon(batch: Samples): boolean {
    if (isKept()) return false
    account.dropped(batch.series.length, 'shutdown', NOT_IN_TIME)
    return true
  }

  return deliver
}
