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

test('every metric of the agent is pushed with its labels, sorted', () => {
  const { read } = pushed('east')
  const [values] = read(INTERVAL_MS)
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

test('the same object stands for the same series in every tick', () => {
  const { read } = pushed()
  const [first] = read(INTERVAL_MS)
  const [second] = read(2 * INTERVAL_MS)
  expect(second?.map(({ series }) => series)).toEqual(first?.map(({ series }) => series))
  expect(second?.every(({ series }, i) => series === first?.[i]?.series)).toBe(true)
})

test('a counter that appears above zero starts with a zero one interval earlier', () => {
  const { telemetry, read } = pushed()
  read(INTERVAL_MS)
  telemetry.kernelDrops.inc({ reason: 'flows_full' }, 5)
  const [zeros, values] = read(3 * INTERVAL_MS)
  expect(zeros).toMatchObject([{ value: 0, timestampMs: 2 * INTERVAL_MS }])
  expect(named(values, 'podatlas_agent_kernel_drops_total')).toMatchObject([{ value: 5 }])
})

test('a series that left the registry ends with a stale marker', () => {
  const { telemetry, read } = pushed()
  telemetry.kernelMapEntries.set({ map: 'flows' }, 3)
  read(INTERVAL_MS)
  telemetry.kernelMapEntries.remove({ map: 'flows' })
  const [values] = read(2 * INTERVAL_MS)
  expect(named(values, 'podatlas_agent_kernel_map_entries')).toMatchObject([{ isStale: true }])
  const [after] = read(3 * INTERVAL_MS)
  expect(named(after, 'podatlas_agent_kernel_map_entries')).toEqual([])
})
