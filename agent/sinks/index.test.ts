import { expect, test } from 'vitest'
import { z } from 'zod'
import { createTelemetry } from '../telemetry.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries, reading } from './examples.ts'
import { openSinks } from './index.ts'
import { sinkOptions } from './options.ts'
import { writeReceiver } from './write-receiver.ts'

test('a destination that hangs costs its own queue and nobody else anything', async () => {
  const telemetry = createTelemetry('node-1', '1.2.3')
  await using hanging = await writeReceiver()
  await using healthy = await writeReceiver()
  hanging.answerAll('hang')
  await using sinks = await openSinks({
    sinks: { hanging: optionsTo(hanging.endpoint), healthy: optionsTo(healthy.endpoint) },
    version: '1.2.3',
    telemetry,
    log: () => undefined,
  })
  const series = exampleSeries()
  for (const value of [1, 2, 3, 4]) {
    sinks.offer(exampleSample(series, value, EXAMPLE_MS + value))
    await healthy.received(value)
  }
  expect(healthy.taken.map(({ value }) => value)).toEqual([1, 2, 3, 4])
  const { sinkSamplesDropped, sinkSamplesSent } = telemetry
  expect(reading(sinkSamplesDropped, { sink: 'hanging', reason: 'queue_full' })).toBe(2)
  expect(reading(sinkSamplesDropped, { sink: 'healthy' })).toBe(0)
  expect(reading(sinkSamplesSent, { sink: 'hanging' })).toBe(0)
  hanging.answerAll({ status: 204 })
  hanging.hangUp()
  expect((await hanging.received(2)).map(({ value }) => value)).toEqual([1, 4])
})

function optionsTo(endpoint: string) {
  return sinkOptions.parse({ type: 'prometheus', endpoint, queueLimit: 2 })
}

test.for<[string, object, RegExp]>([
  ['an unknown sink', { type: 'prometeus' }, /type/],
  ['an unknown setting', { type: 'stdout', fromat: 'json' }, /fromat/],
  ['a setting of another sink', { type: 'stdout', endpoint: 'http://example.com' }, /endpoint/],
  ['an unknown format', { type: 'stdout', format: 'xml' }, /"text"\|"table"\|"json".*at format/s],
])('%s is refused by its name', ([, options, named]) => {
  const { error } = sinkOptions.safeParse(options)
  expect(error ? z.prettifyError(error) : '').toMatch(named)
})
