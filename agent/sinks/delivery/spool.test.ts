import { mkdtempDisposableSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from '../test/examples.ts'
import { seriesKey } from '../series-labels.ts'
import { deliveryIn, moment, never, outage, taken, valuesOf } from '../test/deliveries.ts'
import { until } from '../test/write-receiver.ts'

const tempFolder = () => mkdtempDisposableSync(join(tmpdir(), 'podatlas-delivery-'))

test('an outage longer than the memory loses nothing: the rest is read back in order', async () => {
  using folder = tempFolder()
  const arrived: number[] = []
  let isOut = true
  await using target = deliveryIn(
    folder.path,
    async batch => {
      await pause(0)
      if (isOut) return outage
      arrived.push(...valuesOf(batch))
      return taken
    },
    { queueLimit: 3 },
  )
  const values = Array.from({ length: 200 }, (_, i) => i + 1)
  for (const value of values) target.offer(moment(value))
  expect(reading(target.telemetry.sinkQueueSamples, {})).toBe(200)
  isOut = false
  await until(() => arrived.length === values.length)
  expect(arrived).toEqual(values)
  expect(reading(target.telemetry.sinkSamplesDropped, {})).toBe(0)
  await until(() => reading(target.telemetry.sinkSpoolSamples, {}) === 0)
})

test('an end during a backoff comes at once, and what waits stays in the spool', async () => {
  using folder = tempFolder()
  let attempts = 0
  const first = deliveryIn(
    folder.path,
    () => Promise.resolve({ ...outage, retryAfterMs: 60_000, number: ++attempts }),
    { flushMs: 3_600_000 },
  )
  for (const value of [1, 2, 3]) first.offer(moment(value))
  await until(() => attempts === 1)
  await first[Symbol.asyncDispose]()
  expect(attempts).toBe(1)
  expect(first.lines.at(-1)).toBe('sink main: 3 samples stay in the spool for the next start')
  const arrived: number[] = []
  await using second = deliveryIn(folder.path, batch => {
    arrived.push(...valuesOf(batch))
    return Promise.resolve(taken)
  })
  await until(() => arrived.length === 3)
  expect(arrived).toEqual([1, 2, 3])
  expect(reading(second.telemetry.sinkSamplesOffered, {})).toBe(0)
})

test('how old the oldest sample is stays told over a restart, till it is settled', async () => {
  using folder = tempFolder()
  const hourAgoMs = Date.now() - 3_600_000
  const isOut = Promise.resolve(outage)
  const first = deliveryIn(folder.path, () => isOut, { flushMs: 0 })
  for (const [index, atMs] of [hourAgoMs, Date.now()].entries())
    first.offer(exampleSample(exampleSeries(), index, atMs))
  await first[Symbol.asyncDispose]()
  const { promise: isBack, resolve: comesBack } = Promise.withResolvers<typeof taken>()
  await using next = deliveryIn(folder.path, () => isBack)
  const delay = () => reading(next.telemetry.sinkDelay, { sink: 'main' })
  await until(() => delay() >= 3_600)
  expect(delay()).toBeLessThan(3_700)
  comesBack(taken)
  await until(() => reading(next.telemetry.sinkSamplesSent, {}) === 2)
  await until(() => delay() === 0)
})

test('a destination that hangs is let go in time at the end, and gets the same again', async () => {
  using folder = tempFolder()
  const first = deliveryIn(folder.path, never, { flushMs: 50 })
  first.offer(moment(1))
  await first[Symbol.asyncDispose]()
  expect(reading(first.telemetry.sinkSamplesDropped, {})).toBe(0)
  expect(reading(first.telemetry.sinkSpoolSamples, {})).toBe(1)
})

test('a moment goes in several requests at a time, and the next one waits for all of them', async () => {
  using folder = tempFolder()
  const many = Array.from({ length: 45 }, (_, i) => exampleSeries(`p${i}`))
  const newest = new Map<string, number>()
  let [inFlight, most] = [0, 0]
  await using target = deliveryIn(
    folder.path,
    async ({ series: of, timestampMs }) => {
      most = Math.max(most, ++inFlight)
      await pause(Math.random() * 5)
      inFlight -= 1
      if (Math.random() < 0.3) return outage
      for (const one of of.map(seriesKey)) {
        expect(newest.get(one) ?? 0).toBeLessThan(timestampMs)
        newest.set(one, timestampMs)
      }
      return taken
    },
    { maxParallel: 3 },
  )
  for (const at of [1, 2, 3, 4, 5])
    target.offer(
      exampleSamples(
        many.map(one => [one, at]),
        EXAMPLE_MS + at,
      ),
    )
  await until(() => reading(target.telemetry.sinkSamplesSent, {}) === 5 * 45)
  expect(most).toBe(3)
  expect(new Set(newest.values())).toEqual(new Set([EXAMPLE_MS + 5]))
})

test('a moment that one request can hold is one request, whatever may be parallel', async () => {
  using folder = tempFolder()
  const sizes: number[] = []
  await using target = deliveryIn(
    folder.path,
    batch => Promise.resolve({ ...taken, number: sizes.push(batch.series.length) }),
    { maxParallel: 50 },
  )
  target.offer(exampleSamples([1, 2, 3].map(value => [exampleSeries(`p${value}`), value])))
  target.offer(moment(4))
  await until(() => reading(target.telemetry.sinkSamplesSent, {}) === 4)
  expect(sizes).toEqual([3, 1])
})

test('a folder that vanishes is told once and counted, and is used again as soon as it can be', async () => {
  using folder = tempFolder()
  const directory = join(folder.path, 'spool')
  let isOut = true
  const arrived: number[] = []
  await using target = deliveryIn(directory, batch => {
    if (isOut) return Promise.resolve(outage)
    arrived.push(...valuesOf(batch))
    return Promise.resolve(taken)
  })
  target.offer(moment(1))
  rmSync(directory, { recursive: true })
  writeFileSync(directory, 'in the way')
  for (const value of [2, 3]) target.offer(moment(value))
  const { sinkSpoolUnavailable, sinkSpoolFailures } = target.telemetry
  expect(reading(sinkSpoolUnavailable, { sink: 'main' })).toBe(1)
  expect(reading(sinkSpoolFailures, { sink: 'main' })).toBe(2)
  const told = target.lines.filter(line => line.includes('the spool takes nothing'))
  expect(told).toHaveLength(1)
  rmSync(directory)
  target.offer(moment(4))
  expect(reading(sinkSpoolUnavailable, { sink: 'main' })).toBe(0)
  expect(readdirSync(directory).toSorted()).toEqual(['0000000002.segment', 'position'])
  isOut = false
  await until(() => arrived.length === 4)
  expect(arrived).toEqual([1, 2, 3, 4])
})

test('while the disk takes nothing, the memory is bounded and drops are counted', async () => {
  using folder = tempFolder()
  const directory = join(folder.path, 'spool')
  await using target = deliveryIn(directory, () => Promise.resolve(outage), {
    queueLimit: 3,
    flushMs: 0,
  })
  rmSync(directory, { recursive: true })
  writeFileSync(directory, 'in the way')
  for (const value of [1, 2, 3, 4, 5]) target.offer(moment(value))
  expect(reading(target.telemetry.sinkSamplesDropped, { reason: 'queue_full' })).toBe(2)
  expect(reading(target.telemetry.sinkQueueSamples, {})).toBe(3)
})

test('a folder that cannot be is an error that names the setting, before anything is offered', () => {
  using folder = tempFolder()
  writeFileSync(join(folder.path, 'file'), '')
  expect(() => deliveryIn(join(folder.path, 'file'), () => Promise.resolve(taken))).toThrow(
    /^spool\.directory: .*EEXIST.*Let the agent's user write to/,
  )
})

test('how full the spool is, how much was sent and how far the other clock is, is told', async () => {
  using folder = tempFolder()
  await using target = deliveryIn(folder.path, () =>
    Promise.resolve({ ...taken, sentBytes: 123, serverMs: Date.now() + 90_000 }),
  )
  target.offer(moment(1))
  const { telemetry } = target
  await until(() => reading(telemetry.sinkSamplesSent, {}) === 1)
  expect(reading(telemetry.sinkSamplesOffered, { sink: 'main' })).toBe(1)
  expect(reading(telemetry.sinkWireBytes, { sink: 'main' })).toBe(123)
  expect(Math.round(reading(telemetry.sinkClockSkew, { sink: 'main' }))).toBe(90)
  expect(reading(telemetry.sinkSpoolCapacity, { sink: 'main' })).toBe(2 ** 24)
  const [segment = ''] = readdirSync(folder.path).filter(name => name.endsWith('segment'))
  const onDisk = statSync(join(folder.path, segment)).size
  expect(Math.abs(reading(telemetry.sinkSpoolBytes, { sink: 'main' }) - onDisk)).toBeLessThan(100)
})
