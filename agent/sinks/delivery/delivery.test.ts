import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { DeliveryParts } from './delivery.ts'
import type { Outcome } from '../outcome.ts'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from '../test/examples.ts'
import { moment, never, openDelivery, outage, taken, valuesOf } from '../test/deliveries.ts'
import { until } from '../test/write-receiver.ts'

/** A delivery whose destination does what `send` says with the values of a batch. */
function deliveryTo(
  send: DeliveryParts<readonly number[]>['send'],
  parts: Partial<DeliveryParts<readonly number[]>> = {},
) {
  return openDelivery({ encode: valuesOf, send, ...parts })
}

test('one request is in flight at a time, and nothing overtakes a batch that is retried', async () => {
  const arrived: number[] = []
  let inFlight = 0
  let most = 0
  await using target = deliveryTo(async values => {
    inFlight += 1
    most = Math.max(most, inFlight)
    await pause(1)
    inFlight -= 1
    if (Math.random() < 0.3) return outage
    arrived.push(...values)
    return { kind: 'taken' }
  })
  const values = Array.from({ length: 30 }, (_, i) => i)
  for (const value of values) target.offer(moment(value))
  await until(() => arrived.length === values.length)
  expect(arrived).toEqual(values)
  expect(most).toBe(1)
})

test('a full queue keeps what is fresh, and never drops the batch that may have arrived', async () => {
  const arrived: number[] = []
  let isOut = true
  await using target = deliveryTo(
    async values => {
      if (isOut) return outage
      arrived.push(...values)
      return { kind: 'taken' }
    },
    { queueLimit: 3 },
  )
  for (const value of [1, 2, 3, 4, 5, 6]) target.offer(moment(value))
  expect(target.dropped('queue_full')).toBe(3)
  isOut = false
  await until(() => arrived.length === 3)
  expect(arrived).toEqual([1, 5, 6])
})

test('an offer larger than the queue fills it, and the rest is counted', async () => {
  await using target = deliveryTo(async () => ({ kind: 'taken' }), { queueLimit: 3 })
  target.offer(exampleSamples([1, 2, 3, 4, 5].map(value => [exampleSeries(`p${value}`), value])))
  expect(target.dropped('queue_full')).toBe(2)
})

test('an endless outage ends closing in time, and what stays behind is counted', async () => {
  const target = deliveryTo(async () => outage, { flushMs: 100 })
  target.offer(moment(1))
  target.offer(moment(2))
  await target[Symbol.asyncDispose]()
  expect(target.dropped('shutdown')).toBe(2)
  expect(reading(target.telemetry.sinkQueueSamples, {})).toBe(0)
})

test('a destination that never answers is let go when the sink closes', async () => {
  const target = deliveryTo(never, { flushMs: 100 })
  target.offer(moment(1))
  await target[Symbol.asyncDispose]()
  expect(target.dropped('unconfirmed')).toBe(1)
})

test('samples are counted as retried each time that they are sent again', async () => {
  const answers = [outage, outage, taken, outage]
  await using target = deliveryTo(async () => answers.shift() ?? taken)
  target.offer(exampleSamples([1, 2, 3].map(value => [exampleSeries(`p${value}`), value])))
  target.offer(moment(4))
  const { sinkSamplesSent, sinkSamplesRetried } = target.telemetry
  await until(() => reading(sinkSamplesSent, { sink: 'main' }) === 4)
  expect(reading(sinkSamplesRetried, { sink: 'main' })).toBe(3 + 3 + 1)
})

test('an outage is one line a minute per reason, however often it is tried', async () => {
  const target = deliveryTo(async () => outage, { flushMs: 0 })
  target.offer(moment(1))
  await until(() => reading(target.telemetry.sinkFailures, { reason: '503' }) > 1)
  await target[Symbol.asyncDispose]()
  expect(target.lines).toEqual([
    'sink main: answered 503; trying again, 1 samples wait',
    'sink main: stopped before the destination took everything; 1 samples dropped',
  ])
})

test('a fault of our own costs its batch, says so, and the next one is delivered', async () => {
  const arrived: number[] = []
  await using target = deliveryTo(async values => {
    if (values[0] === 1) throw new Error('broken')
    arrived.push(...values)
    return { kind: 'taken' }
  })
  target.offer(moment(1))
  target.offer(moment(2))
  await until(() => arrived.length === 1)
  expect(target.dropped('internal')).toBe(1)
  expect(target.lines).toEqual(['sink main: Error: broken; 1 samples dropped'])
})

test('what a destination did not write is counted as dropped, whatever it answered', async () => {
  const answers: Outcome[] = [
    { kind: 'taken', written: 2 },
    { kind: 'refused', reason: '400', detail: 'answered 400', written: 1 },
    { kind: 'taken', written: 99 },
  ]
  await using target = deliveryTo(async () => answers.shift() ?? outage)
  const three = [1, 2, 3].map(value => [exampleSeries(`p${value}`), value] as const)
  for (const afterMs of [0, 1, 2]) target.offer(exampleSamples(three, EXAMPLE_MS + afterMs))
  const { sinkSamplesSent, sinkQueueSamples } = target.telemetry
  await until(() => reading(sinkQueueSamples, {}) === 0)
  expect(reading(sinkSamplesSent, {})).toBe(2 + 1 + 3)
  expect(target.dropped('not_written')).toBe(1)
  expect(target.dropped('400')).toBe(2)
})

test('a batch that is wanted in another form is encoded anew, at once, and only once', async () => {
  let form = 0
  let wanted = 2
  const arrived: (readonly number[])[] = []
  await using target = deliveryTo(
    async values => {
      arrived.push(values)
      return values[0] === wanted ? { kind: 'taken' } : { kind: 'again', detail: 'not so' }
    },
    { encode: () => [++form] },
  )
  target.offer(moment(1))
  await until(() => reading(target.telemetry.sinkSamplesSent, {}) === 1)
  wanted = 0
  target.offer(moment(2))
  await until(() => target.dropped('internal') === 1)
  expect(arrived).toEqual([[1], [2], [3], [4]])
  expect(target.lines).toEqual([
    'sink main: not so',
    'sink main: Error: asked twice for another form: not so; 1 samples dropped',
  ])
})

test('a batch that does not fit one piece arrives in pieces, in order, and nothing twice', async () => {
  const arrived: number[] = []
  await using target = deliveryTo(async values => {
    if (values.length > 2) return { kind: 'halve' }
    arrived.push(...values)
    return { kind: 'taken' }
  })
  const values = [1, 2, 3, 4, 5, 6, 7]
  target.offer(exampleSamples(values.map(value => [exampleSeries(`p${value}`), value])))
  target.offer(moment(8))
  await until(() => arrived.length === 8)
  expect(arrived).toEqual([...values, 8])
  await target[Symbol.asyncDispose]()
  expect(reading(target.telemetry.sinkSamplesSent, {})).toBe(8)
})

test('how much waits and for how long is told while it waits', async () => {
  const target = deliveryTo(async () => outage, { flushMs: 50 })
  target.offer(exampleSample(exampleSeries(), 1, Date.now() - 60_000))
  target.offer(exampleSample(exampleSeries(), 2, Date.now()))
  expect(reading(target.telemetry.sinkQueueSamples, { sink: 'main' })).toBe(2)
  const delay = reading(target.telemetry.sinkDelay, { sink: 'main' })
  expect(delay).toBeGreaterThanOrEqual(60)
  expect(delay).toBeLessThan(90)
  await target[Symbol.asyncDispose]()
})

test('nothing goes out before whoever offers it has gone on: till then it may not be released', async () => {
  const seen: string[] = []
  await using target = deliveryTo(values => {
    seen.push(`sent ${values.join()}`)
    return Promise.resolve(taken)
  })
  for (const value of [1, 2]) {
    target.offer(moment(value))
    seen.push(`released ${value}`)
    await until(() => seen.length % 2 === 0)
  }
  expect(seen).toEqual(['released 1', 'sent 1', 'released 2', 'sent 2'])
})
