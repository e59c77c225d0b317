import { quietLog } from '../../quiet-log.ts'
import type { Telemetry } from '../../telemetry.ts'
import { UNCONFIRMED, type OnDrop } from '../sample-queue.ts'
import type { Outcome } from '../outcome.ts'

const NOT_WRITTEN = 'the destination said yes, but wrote fewer samples than it was sent'
const MAY_HAVE_ARRIVED = 'a request with them had no answer, and may have been taken'

/** What a sink counts and says of its deliveries: one line a minute per reason. */
export type Account = {
  readonly log: (reason: string, line: string) => void
  readonly offered: (count: number) => void
  readonly retried: (count: number) => void
  readonly failed: (reason: string) => void
  readonly dropped: OnDrop
  /** The same of samples that may have arrived: what is wrong with them now is told, and not counted as their loss. */
  readonly droppedInDoubt: (count: number, detail: string) => void
  /** What went out for an attempt, and what the answer says of the clock. */
  readonly attempted: (outcome: Outcome) => void
  /**
   * Of so many samples of a batch it is known whether this attempt wrote them: those that it did not are dropped,
   * or in doubt if an attempt before may have.
   */
  readonly settled: (count: number, by: Settling, isInDoubt: boolean) => void
  /** Samples that wait, and the stamp of the oldest, ms since the epoch. */
  readonly waits: (count: number, oldestMs: number | undefined) => void
}

type Settling = Extract<Outcome, { readonly kind: 'taken' | 'refused' }>

export function deliveryAccount(
  name: string,
  telemetry: Telemetry,
  write: (line: string) => void,
): Account {
  const sink = { sink: name }
  const log = quietLog(line => write(`sink ${name}: ${line}`))
  const { sinkSamplesOffered, sinkSamplesSent, sinkSamplesRetried } = telemetry
  for (const one of [sinkSamplesOffered, sinkSamplesSent, sinkSamplesRetried]) one.inc(sink, 0)

  function dropped(count: number, reason: string, detail: string): void {
    telemetry.sinkSamplesDropped.inc({ sink: name, reason }, count)
    log(`dropped ${reason}`, `${detail}; ${count} samples dropped`)
  }

  function droppedInDoubt(count: number, detail: string): void {
    dropped(count, UNCONFIRMED, `${detail}; ${MAY_HAVE_ARRIVED}`)
  }

  return {
    log,
    offered: count => sinkSamplesOffered.inc(sink, count),
    retried: count => sinkSamplesRetried.inc(sink, count),
    failed: reason => telemetry.sinkFailures.inc({ sink: name, reason }),
    dropped,
    droppedInDoubt,
    attempted: ({ sentBytes, serverMs }) => {
      if (sentBytes !== undefined) telemetry.sinkWireBytes.inc(sink, sentBytes)
      if (serverMs === undefined) return
      telemetry.sinkClockSkew.set(sink, (serverMs - Date.now()) / 1_000)
    },
    settled: (count, by, isInDoubt) => {
      const sent = Math.min(count, by.written ?? (by.kind === 'taken' ? count : 0))
      sinkSamplesSent.inc(sink, sent)
      if (sent === count) return
      const { reason, detail } =
        by.kind === 'taken' ? { reason: 'not_written', detail: NOT_WRITTEN } : by
      if (isInDoubt) droppedInDoubt(count - sent, detail)
      else dropped(count - sent, reason, detail)
    },
    waits: (count, oldestMs) => {
      telemetry.sinkQueueSamples.set(sink, count)
      const delayMs = oldestMs === undefined ? 0 : Math.max(0, Date.now() - oldestMs)
      telemetry.sinkDelay.set(sink, delayMs / 1_000)
    },
  }
}
