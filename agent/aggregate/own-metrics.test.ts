import { expect, test } from 'vitest'
import type { Samples } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { samplesOf, type Sample } from '../test/sample.ts'
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

function named(samples: Samples | undefined, name: string): Sample[] {
  return samplesOf(samples).filter(({ series }) => series.metric.name === name)
}

test('every metric of the agent is pushed with its labels, sorted', () => {
  const { read } = pushed('east')
  const [values] = read(INTERVAL_MS)
  expect(named(values, 'podatlas_agent_info')).toMatchObject([
    {
      series: { metric: { type: 'gauge' } },
      labels: [
        ['__name__', 'podatlas_agent_info'],
        ['cluster', 'east'],
        ['source_host', 'node-1'],
        ['version', '1.2.3'],
      ],
      value: 1,
      timestampMs: INTERVAL_MS,
      isStale: false,
    },
  ])
})

test('the same object stands for the same series in every tick', () => {
  const { read } = pushed()
  const [first] = read(INTERVAL_MS)
  const [second] = read(2 * INTERVAL_MS)
  expect(second?.series).toEqual(first?.series)
  expect(second?.series.every((series, i) => series === first?.series[i])).toBe(true)
})

test('a counter that appears above zero starts with a zero one interval earlier', () => {
  const { telemetry, read } = pushed()
  read(INTERVAL_MS)
  telemetry.kernelDrops.inc({ reason: 'flows_full' }, 5)
  const [zeros, values] = read(3 * INTERVAL_MS)
  expect(samplesOf(zeros)).toMatchObject([{ value: 0, timestampMs: 2 * INTERVAL_MS }])
  expect(named(values, 'podatlas_agent_kernel_drops_total')).toMatchObject([{ value: 5 }])
})

test('a series that left the registry ends with a stale marker', () => {
  const { telemetry, read } = pushed()
  telemetry.kernelMapEntries.set({ map: 'flows' }, 3)
  read(INTERVAL_MS)
  telemetry.kernelMapEntries.remove({ map: 'flows' })
  const [, ended] = read(2 * INTERVAL_MS)
  expect(samplesOf(ended)).toMatchObject([{ isStale: true, timestampMs: 2 * INTERVAL_MS }])
  expect(ended?.series[0]?.metric.name).toBe('podatlas_agent_kernel_map_entries')
  const [after] = read(3 * INTERVAL_MS)
  expect(named(after, 'podatlas_agent_kernel_map_entries')).toEqual([])
})
