import { Histogram } from 'prom-client'
import { expect, test } from 'vitest'
import type { Sample } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { ownMetrics } from './own-metrics.ts'

const INTERVAL_MS = 10_000

function pushed(cluster = '') {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const read = ownMetrics({
    registry: telemetry.registry,
    cluster,
    intervalMs: INTERVAL_MS,
    startedMs: 0,
  })
  return { telemetry, read }
}

function named(samples: readonly Sample[] | undefined, name: string): Sample[] {
  return (samples ?? []).filter(({ series }) => series.labels[0]?.[1] === name)
}

test('every metric of the agent is pushed with its labels, sorted', async () => {
  const { read } = pushed('east')
  const [values] = await read(INTERVAL_MS)
  expect(named(values, 'podatlas_agent_info')).toEqual([
    {
      series: expect.objectContaining({
        type: 'gauge',
        labels: [
          ['__name__', 'podatlas_agent_info'],
          ['cluster', 'east'],
          ['source_host', 'node-1'],
          ['version', '1.2.3'],
        ],
      }),
      value: 1,
      timestampMs: INTERVAL_MS,
      isStale: false,
    },
  ])
})

test('the same object stands for the same series in every tick', async () => {
  const { read } = pushed()
  const [first] = await read(INTERVAL_MS)
  const [second] = await read(2 * INTERVAL_MS)
  expect(second?.map(({ series }) => series)).toEqual(first?.map(({ series }) => series))
  expect(second?.every(({ series }, i) => series === first?.[i]?.series)).toBe(true)
})

test('a counter that appears above zero starts with a zero one interval earlier', async () => {
  const { telemetry, read } = pushed()
  await read(INTERVAL_MS)
  telemetry.kernelDrops.inc({ reason: 'flows_full' }, 5)
  const [zeros, values] = await read(3 * INTERVAL_MS)
  expect(zeros).toMatchObject([{ value: 0, timestampMs: 2 * INTERVAL_MS }])
  expect(named(values, 'podatlas_agent_kernel_drops_total')).toMatchObject([{ value: 5 }])
})

test('a series that left the registry ends with a stale marker', async () => {
  const { telemetry, read } = pushed()
  telemetry.kernelMapEntries.set({ map: 'flows' }, 3)
  await read(INTERVAL_MS)
  telemetry.kernelMapEntries.remove({ map: 'flows' })
  const [values] = await read(2 * INTERVAL_MS)
  expect(named(values, 'podatlas_agent_kernel_map_entries')).toMatchObject([{ isStale: true }])
  const [after] = await read(3 * INTERVAL_MS)
  expect(named(after, 'podatlas_agent_kernel_map_entries')).toEqual([])
})

test('a histogram becomes its buckets, sum and count', async () => {
  const { telemetry, read } = pushed()
  const histogram = new Histogram({
    name: 'podatlas_agent_tick_seconds',
    help: 'Of a test',
    buckets: [0.1],
    registers: [telemetry.registry],
  })
  histogram.observe(0.05)
  const [, values] = await read(INTERVAL_MS)
  const buckets = named(values, 'podatlas_agent_tick_seconds_bucket')
  expect(buckets.map(({ series }) => Object.fromEntries(series.labels)['le'])).toEqual([
    '0.1',
    '+Inf',
  ])
  expect(named(values, 'podatlas_agent_tick_seconds_count')).toMatchObject([{ value: 1 }])
})
