import { createTelemetry } from '../../telemetry.ts'
import type { Samples } from '../../model.ts'
import { startDelivery, type DeliveryParts } from '../delivery/delivery.ts'
import type { Outcome } from '../outcome.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries, reading } from './examples.ts'

const series = exampleSeries()

export const outage: Outcome = { kind: 'retry', reason: '503', detail: 'answered 503' }
export const unanswered: Outcome = {
  kind: 'retry',
  reason: 'timeout',
  detail: 'no answer',
  isUnanswered: true,
}
export const taken: Outcome = { kind: 'taken' }

/** One sample, by which it is known again. */
export function moment(value: number): Samples {
  return exampleSample(series, value, EXAMPLE_MS + value)
}

export function valuesOf({ values = [] }: { readonly values?: Iterable<number> }): number[] {
  return [...values]
}

/** A destination that never answers. */
export function never(_: unknown, signal: AbortSignal): Promise<Outcome> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(unanswered)))
}

/** A delivery named `main`, what it counts and what it says. */
export function openDelivery<Body>(
  parts: Pick<DeliveryParts<Body>, 'encode' | 'send'> & Partial<DeliveryParts<Body>>,
) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const lines: string[] = []
  const sink = startDelivery({
    name: 'main',
    telemetry,
    log: line => lines.push(line),
    queueLimit: 100,
    maxSamplesPerSend: 10,
    ...parts,
  })
  const dropped = (reason: string) => reading(telemetry.sinkSamplesDropped, { reason })
  return Object.assign(sink, { telemetry, lines, dropped })
}

/** The same with a spool in the folder; `send` gets the samples as they are. */
export function deliveryIn(
  directory: string,
  send: DeliveryParts<Samples>['send'],
  parts: Partial<DeliveryParts<Samples>> = {},
) {
  const spool = { directory, maxBytes: 2 ** 24, maxAgeMs: 1e12 }
  return openDelivery({ encode: batch => batch, send, spool, ...parts })
}
