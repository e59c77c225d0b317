import { mkdtempDisposableSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { createTelemetry } from '../../telemetry.ts'
import { arrivedOf } from '../../test/sample.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries, reading } from './examples.ts'
import { labelsOf } from '../series-labels.ts'
import type { OpenSink, SinkParts } from '../sink.ts'
import { startLife } from './lives.ts'
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

/** What every sink keeps whose destination may be away: `sinkContract`, and that a spool outlives it. */
export function spoolContract(listen: () => Promise<Receiver>): void {
  sinkContract(listen)
  const series = exampleSeries()
  // Not long ago: what is too old is not sent.
  const startMs = Date.now() - 60_000
  const stamped = (value: number) => exampleSample(series, value, startMs + value * 1_000)

  test('what an outage held back at an orderly end arrives after the next start, once and in order', async () => {
    const telemetry = freshTelemetry()
    await using receiver = await listen()
    using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-contract-'))
    receiver.startOutage()
    const first = openFor(receiver, 100, telemetry, folder.path)
    for (const value of [1, 2, 3]) first.offer(stamped(value))
    await first[Symbol.asyncDispose]()
    expect(reading(telemetry.sinkSamplesDropped, {})).toBe(0)
    expect(reading(telemetry.sinkSpoolSamples, {})).toBe(3)
    receiver.endOutage()
    await using second = openFor(receiver, 100, telemetry, folder.path)
    second.offer(stamped(4))
    expect(valuesOf(await receiver.received(4))).toEqual([1, 2, 3, 4])
  })

  test.for([0, 5])(
    'kill -9 in an outage costs nothing but what is torn: %i bytes of its last record',
    async torn => {
      await using receiver = await listen()
      using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-contract-'))
      receiver.startOutage()
      await killedSink(receiver, folder.path, startMs, 20)
      if (torn > 0) tear(join(folder.path, 'sink-under-test'), torn)
      receiver.endOutage()
      const telemetry = freshTelemetry()
      await using next = openFor(receiver, 100, telemetry, folder.path)
      next.offer(stamped(21))
      const kept = Array.from({ length: torn > 0 ? 19 : 20 }, (_, i) => i + 1)
      expect(valuesOf(await different(receiver, kept.length + 1))).toEqual([...kept, 21])
      expect(reading(telemetry.sinkSamplesDropped, {})).toBe(0)
    },
  )

  test('after kill -9 a series that does not come back ends, and one that does goes on', async () => {
    await using receiver = await listen()
    using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-contract-'))
    await killedSink(receiver, folder.path, startMs, 1)
    const back = exampleSeries('back')
    await using next = openFor(receiver, 100, freshTelemetry(), folder.path, 0)
    next.offer(exampleSample(back, 7, startMs + 5_000))
    next.offer(exampleSample(back, 8, startMs + 6_000))
    const arrived = await different(receiver, 4)
    const ended = arrived.filter(({ isStale }) => isStale)
    expect(ended.map(({ labels }) => labels)).toEqual([labelsOf(series)])
    expect(valuesOf(arrived)).toEqual([1, 7, 8])
  })
}

/** The same of a receiver whose sink was killed: what was on the way by then may have come, and comes once more. */
async function different(receiver: Receiver, count: number): Promise<readonly Arrived[]> {
  for (;;) {
    const seen = new Set<string>()
    const arrived = (await receiver.received(0)).filter(one => {
      const key = JSON.stringify(one)
      return !seen.has(key) && seen.add(key)
    })
    if (arrived.length >= count) return arrived
    await pause(5)
  }
}

function valuesOf(arrived: readonly Arrived[]): number[] {
  return arrived.filter(({ isStale }) => !isStale).map(({ value }) => value)
}

/** Offers so many values in a process that is then killed. */
async function killedSink(
  { options }: Receiver,
  spoolDirectory: string,
  startMs: number,
  count: number,
) {
  const { promise: isDone, resolve } = Promise.withResolvers<void>()
  const life = { options, spoolDirectory, startMs, first: 1, last: count, pods: ['web-1'] }
  const { kill } = startLife({ ...life, everyMs: 0 }, said => {
    if (said.kind === 'offered' && said.value === count) resolve()
  })
  await isDone
  await kill()
}

/** As a disk does that lost power in the middle of a write. */
function tear(folder: string, bytes: number): void {
  const newest = readdirSync(folder)
    .filter(name => name.endsWith('.segment'))
    .toSorted()
    .at(-1)
  const path = join(folder, newest ?? '')
  truncateSync(path, statSync(path).size - bytes)
}

function freshTelemetry() {
  return createTelemetry('node-1', '1.2.3')
}

function openFor(
  { sink, options }: Receiver,
  queueLimit = 10,
  telemetry = freshTelemetry(),
  spoolDirectory?: string,
  returnWithinMs = 60_000,
) {
  const parsed = sink.options.parse({ ...options, queueLimit })
  const directory = spoolDirectory && join(spoolDirectory, 'sink-under-test')
  return sink.open({
    name: 'under-test',
    options: parsed,
    version: '1.2.3',
    telemetry,
    log: ignore,
    ...(directory && { spool: { directory, maxBytes: 2 ** 24, maxAgeMs: 1e12, returnWithinMs } }),
  })
}

function ignore(): void {}
