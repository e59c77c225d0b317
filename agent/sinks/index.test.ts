import { mkdtempDisposableSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createTelemetry } from '../telemetry.ts'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from './test/examples.ts'
import { openSinks } from './index.ts'
import { sinkOptions } from './options.ts'
import { RemoteWriteOptions } from './remote-write/options.ts'
import { until, writeReceiver } from './test/write-receiver.ts'

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

test('of two spools, the one of a destination that hangs fills to its bound, and the other one stays empty', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-sinks-'))
  const telemetry = createTelemetry('node-1', '1.2.3')
  await using hanging = await writeReceiver()
  await using healthy = await writeReceiver()
  hanging.answerAll('hang')
  const maxBytes = 2 ** 20
  await using sinks = await openSinks({
    sinks: {
      hanging: spooledTo(hanging.endpoint, maxBytes),
      healthy: spooledTo(healthy.endpoint, maxBytes),
    },
    version: '1.2.3',
    telemetry,
    log: () => undefined,
    spoolDirectory: folder.path,
  })
  const { sinkSpoolSamples, sinkQueueSamples, sinkSamplesDropped, sinkSamplesSent } = telemetry
  const many = Array.from({ length: 2_000 }, (_, index) => exampleSeries(`web-${index}`))
  const startMs = Date.now() - 1_000_000
  let moments = 0
  for (; reading(sinkSamplesDropped, {}) === 0; moments++) {
    sinks.offer(
      exampleSamples(
        many.map(one => [one, moments]),
        startMs + moments * 1_000,
      ),
    )
    await until(() => reading(sinkSamplesSent, { sink: 'healthy' }) === (moments + 1) * many.length)
    // It keeps the segment that it writes to.
    expect(bytesIn(join(folder.path, 'sink-healthy'))).toBeLessThan(maxBytes / 2)
    expect(bytesIn(join(folder.path, 'sink-hanging'))).toBeLessThanOrEqual(maxBytes)
  }
  expect(bytesIn(join(folder.path, 'sink-hanging'))).toBeGreaterThan(maxBytes * 0.8)
  const dropped = reading(sinkSamplesDropped, { sink: 'hanging', reason: 'spool_full' })
  expect(reading(sinkSamplesDropped, {})).toBe(dropped)
  const kept = reading(sinkQueueSamples, { sink: 'hanging' })
  expect(kept + dropped).toBe(moments * many.length)
  expect(reading(sinkSpoolSamples, { sink: 'healthy' })).toBe(0)
  expect(healthy.taken).toHaveLength(moments * many.length)

  hanging.answerAll({ status: 204 })
  hanging.hangUp()
  await until(() => reading(sinkSpoolSamples, { sink: 'hanging' }) === 0)
  // The requests in hand were answered nothing, so they came twice.
  const arrived = new Set(hanging.taken.map(({ labels, value }) => JSON.stringify([labels, value])))
  expect(arrived.size).toBe(kept)
})

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

function optionsTo(endpoint: string) {
  return sinkOptions.parse({ type: 'prometheus', endpoint, queueLimit: 2 })
}

/** With a spool that is smaller than settings may say. */
function spooledTo(endpoint: string, maxBytes: number) {
  const options = RemoteWriteOptions.parse({ type: 'prometheus', endpoint })
  return { ...options, spool: { ...options.spool, maxBytes } }
}

test.for<[string, object, RegExp]>([
  ['an unknown sink', { type: 'prometeus' }, /type/],
  ['an unknown setting', { type: 'stdout', fromat: 'json' }, /fromat/],
  ['a setting of another sink', { type: 'stdout', endpoint: 'http://example.com' }, /endpoint/],
  ['an unknown format', { type: 'stdout', format: 'xml' }, /use text, table or json.*at format/s],
])('%s is refused by its name', ([, options, named]) => {
  const { error } = sinkOptions.safeParse(options)
  expect(error ? z.prettifyError(error) : '').toMatch(named)
})
