import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Samples } from '../model.ts'
import { EXAMPLE_MS, exampleSamples, exampleSeries, reading } from './test/examples.ts'
import { deliveryIn, outage, taken, valuesOf } from './test/deliveries.ts'
import { ext4Disk, memoryDisk } from './test/own-disk.ts'
import { until } from './test/write-receiver.ts'

// The errors are the real kernel's: of disks in mount namespaces of their own.

const PODS = Array.from({ length: 1_000 }, (_, index) => exampleSeries(`web-${index}`))

/** 8 kB on disk, and the same value in every sample. */
function large(value: number): Samples {
  return exampleSamples(
    PODS.map(pod => [pod, value]),
    EXAMPLE_MS + value,
  )
}

/** A destination that is away until it is told to come back, and what it holds then: a value for each moment. */
function destination() {
  const moments = new Map<number, number>()
  let isOut = true
  return {
    comeBack: () => (isOut = false),
    arrived: () => [...moments.keys()],
    isWhole: () => [...moments.values()].every(samples => samples === PODS.length),
    send: (batch: Samples) => {
      if (isOut) return Promise.resolve({ ...outage, retryAfterMs: 0 })
      for (const value of valuesOf(batch)) moments.set(value, (moments.get(value) ?? 0) + 1)
      return Promise.resolve(taken)
    },
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

test('ENOSPC: samples wait in memory, it is told once and counted, and the disk is used again when it has room', async () => {
  await using disk = await memoryDisk('1m')
  const directory = join(disk.path, 'sink-main')
  const filler = join(disk.path, 'filler')
  const { send, comeBack, arrived, isWhole } = destination()
  await using target = deliveryIn(directory, send, { queueLimit: 50_000, maxSamplesPerSend: 1_000 })
  const { telemetry, lines } = target
  const { sinkSpoolUnavailable, sinkSpoolFailures, sinkSpoolSamples } = telemetry

  for (const value of [1, 2]) target.offer(large(value))
  expect(() => writeFileSync(filler, Buffer.alloc(2 ** 21))).toThrow('ENOSPC')
  for (const value of [3, 4, 5]) target.offer(large(value))
  expect(reading(sinkSpoolUnavailable, { sink: 'main' })).toBe(1)
  expect(reading(sinkSpoolFailures, { sink: 'main' })).toBe(3)
  expect(reading(sinkSpoolSamples, {})).toBe(2_000)
  expect(reading(telemetry.sinkQueueSamples, {})).toBe(5_000)
  expect(lines.filter(line => line.includes('the spool takes nothing'))).toEqual([
    expect.stringMatching(
      /^sink main: the spool takes nothing, samples wait in memory: .*(?:ENOSPC|did not fit the disk)/,
    ),
  ])

  rmSync(filler)
  target.offer(large(6))
  expect(reading(sinkSpoolUnavailable, { sink: 'main' })).toBe(0)
  expect(reading(sinkSpoolSamples, {})).toBe(6_000)
  comeBack()
  await until(() => reading(telemetry.sinkQueueSamples, {}) === 0)
  expect(arrived()).toEqual(upTo(6))
  expect(isWhole()).toBe(true)
  expect(reading(telemetry.sinkSamplesDropped, {})).toBe(0)
})

test('ENOSPC: what waits in memory has its bound, and what does not fit is counted', async () => {
  await using disk = await memoryDisk('1m')
  const { send } = destination()
  const parts = { queueLimit: 3_000, flushMs: 0, maxSamplesPerSend: 1_000 }
  await using target = deliveryIn(join(disk.path, 'sink-main'), send, parts)
  target.offer(large(1))
  expect(() => writeFileSync(join(disk.path, 'filler'), Buffer.alloc(2 ** 21))).toThrow('ENOSPC')
  for (const value of [2, 3, 4, 5, 6]) target.offer(large(value))
  expect(target.dropped('queue_full')).toBe(2_000)
  expect(reading(target.telemetry.sinkQueueSamples, {})).toBe(4_000)
})

test('ENOSPC at the start: the agent starts, and spools as soon as it can', async () => {
  await using disk = await memoryDisk('1m')
  const directory = join(disk.path, 'sink-main')
  mkdirSync(directory)
  const filler = join(disk.path, 'filler')
  expect(() => writeFileSync(filler, Buffer.alloc(2 ** 21))).toThrow('ENOSPC')
  const { send, comeBack, arrived } = destination()
  await using target = deliveryIn(directory, send, { queueLimit: 50_000, maxSamplesPerSend: 1_000 })
  target.offer(large(1))
  expect(reading(target.telemetry.sinkSpoolUnavailable, { sink: 'main' })).toBe(1)
  rmSync(filler)
  target.offer(large(2))
  expect(reading(target.telemetry.sinkSpoolUnavailable, { sink: 'main' })).toBe(0)
  comeBack()
  await until(() => arrived().length === 2)
  expect(arrived()).toEqual([1, 2])
})

test('a disk that turns read-only: what is on it and what comes later arrives, and after a repair it is used again', async () => {
  await using disk = await ext4Disk()
  const directory = join(disk.path, 'sink-main')
  const { send, comeBack, arrived, isWhole } = destination()
  await using target = deliveryIn(directory, send, { queueLimit: 50_000, maxSamplesPerSend: 1_000 })
  const { telemetry, lines } = target
  const { sinkSpoolUnavailable, sinkSpoolFailures, sinkSpoolSamples } = telemetry

  for (const value of [1, 2]) target.offer(large(value))
  disk.damage()
  for (const value of [3, 4]) target.offer(large(value))
  expect(reading(sinkSpoolUnavailable, { sink: 'main' })).toBe(1)
  expect(reading(sinkSpoolFailures, { sink: 'main' })).toBe(2)
  expect(reading(sinkSpoolSamples, {})).toBe(2_000)
  expect(lines.filter(line => line.includes('the spool takes nothing'))).toEqual([
    expect.stringMatching(/^sink main: the spool takes nothing, samples wait in memory: EROFS/),
  ])

  disk.repair()
  target.offer(large(5))
  expect(reading(sinkSpoolUnavailable, { sink: 'main' })).toBe(0)
  expect(reading(sinkSpoolSamples, {})).toBe(5_000)
  comeBack()
  await until(() => reading(telemetry.sinkQueueSamples, {}) === 0)
  expect(arrived()).toEqual(upTo(5))
  expect(isWhole()).toBe(true)
  expect(reading(telemetry.sinkSamplesDropped, {})).toBe(0)
  expect(readdirSync(directory)).toContain('position')
})

test('a destination that takes everything is not held up by a disk that turned read-only', async () => {
  await using disk = await ext4Disk()
  const { send, comeBack, arrived, isWhole } = destination()
  comeBack()
  const directory = join(disk.path, 'sink-main')
  await using target = deliveryIn(directory, send, { queueLimit: 50_000, maxSamplesPerSend: 1_000 })
  target.offer(large(1))
  await until(() => arrived().length === 1)
  disk.damage()
  for (const value of [2, 3, 4]) target.offer(large(value))
  await until(() => reading(target.telemetry.sinkQueueSamples, {}) === 0)
  expect(arrived()).toEqual(upTo(4))
  expect(isWhole()).toBe(true)
  expect(reading(target.telemetry.sinkSamplesDropped, {})).toBe(0)
})
