import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { createTelemetry } from '../telemetry.ts'
import { arrivedOf } from '../test/sample.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries, reading } from './examples.ts'
import type { OpenSink, SinkParts } from './sink.ts'
import type { Arrived } from './write-request-decode.ts'

/** A real destination of the sink's protocol, which decodes what it gets. */
export type Receiver = AsyncDisposable & {
  readonly sink: {
    readonly options: z.ZodType
    // A method, so that sinks of all options fit.
    open(parts: SinkParts<unknown>): OpenSink
  }
  /** Settings that make the sink deliver here. */
  readonly options: object
  /** Waits for so many samples and returns all that came, each with what it could carry. */
  readonly received: (count: number) => Promise<readonly Arrived[]>
  readonly startOutage: () => void
  readonly endOutage: () => void
}

/** What every sink keeps, whatever it speaks; where the protocol can tell it, also that a series ends. */
export function sinkContract(
  listen: () => Promise<Receiver>,
  { tellsEnds = true }: { readonly tellsEnds?: boolean } = {},
): void {
  const series = exampleSeries()
  const samples = [1, 2, 3].map(value => exampleSample(series, value, EXAMPLE_MS + value * 1_000))

  test('what is offered arrives once and in order, over an outage too', async () => {
    const telemetry = freshTelemetry()
    await using receiver = await listen()
    await using target = openFor(receiver, 10, telemetry)
    receiver.startOutage()
    for (const sample of samples) target.offer(sample)
    await pause(100)
    receiver.endOutage()
    expect(await receiver.received(3)).toEqual(samples.flatMap(arrivedOf))
    await target[Symbol.asyncDispose]()
    expect(await receiver.received(3)).toHaveLength(3)
    expect(reading(telemetry.sinkSamplesSent, { sink: 'under-test' })).toBe(3)
  })

  test('a full queue drops at once and every sample is counted as sent or dropped', async () => {
    const telemetry = freshTelemetry()
    await using receiver = await listen()
    const target = openFor(receiver, 1, telemetry)
    for (const sample of samples) target.offer(sample)
    const dropped = { sink: 'under-test', reason: 'queue_full' }
    expect(reading(telemetry.sinkSamplesDropped, dropped)).toBe(2)
    await target[Symbol.asyncDispose]()
    expect(reading(telemetry.sinkSamplesSent, { sink: 'under-test' })).toBe(1)
    expect(await receiver.received(1)).toHaveLength(1)
  })

  if (tellsEnds)
    test('a series that ends arrives as ended', async () => {
      await using receiver = await listen()
      await using target = openFor(receiver)
      target.offer({ timestampMs: EXAMPLE_MS, series: [series] })
      const [arrived] = await receiver.received(1)
      expect(arrived?.isStale).toBe(true)
    })

  test('closing delivers what still waits', async () => {
    await using receiver = await listen()
    const target = openFor(receiver)
    for (const sample of samples) target.offer(sample)
    await target[Symbol.asyncDispose]()
    expect(await receiver.received(3)).toEqual(samples.flatMap(arrivedOf))
  })

  test('what is offered after closing is counted as dropped', async () => {
    const telemetry = freshTelemetry()
    await using receiver = await listen()
    const target = openFor(receiver, 10, telemetry)
    await target[Symbol.asyncDispose]()
    target.offer(exampleSample(series, 1))
    const dropped = { sink: 'under-test', reason: 'shutdown' }
    expect(reading(telemetry.sinkSamplesDropped, dropped)).toBe(1)
  })

  test('a misspelt setting is refused by its name', async () => {
    await using receiver = await listen()
    const parsed = receiver.sink.options.safeParse({ ...receiver.options, qeueLimit: 5 })
    expect(parsed.error?.message).toContain('qeueLimit')
  })
}

function freshTelemetry() {
  return createTelemetry('node-1', '1.2.3')
}

function openFor({ sink, options }: Receiver, queueLimit = 10, telemetry = freshTelemetry()) {
  const parsed = sink.options.parse({ ...options, queueLimit })
  return sink.open({
    name: 'under-test',
    options: parsed,
    version: '1.2.3',
    telemetry,
    log: ignore,
  })
}

function ignore(): void {}
