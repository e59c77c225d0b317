import { expect, test } from 'vitest'
import type { AttributedFlow, Owner } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { samplesOf, type Sample } from '../test/sample.ts'
import { exampleFlow } from '../test/example-flow.ts'
import type { AggregationOptions } from './aggregate.ts'
import { aggregation } from './aggregate.ts'

const START_MS = 1_790_000_000_000
const INTERVAL_MS = 10_000

function flow(changed: Partial<AttributedFlow> = {}, owner: Owner = webOwner): AttributedFlow {
  return exampleFlow({
    bytesSent: 100,
    bytesReceived: 1_000,
    connectionsOpened: 1,
    owner,
    ...changed,
  })
}

const webOwner = { namespace: 'shop', pod: 'web-1', container: 'nginx' }

/** Ticks one interval apart; `at` is the number of the tick. */
function ticking(options: Partial<AggregationOptions> = {}) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const aggregate = aggregation({
    nodeName: 'node-1',
    cluster: '',
    names2021: false,
    maxSeries: 1_000,
    idleMs: 3_600_000,
    intervalMs: INTERVAL_MS,
    startedMs: 0,
    telemetry,
    ...options,
  })
  const tick = (at: number, ...flows: AttributedFlow[]) =>
    aggregate(flows, START_MS + at * INTERVAL_MS).map(samplesOf)
  return { tick, telemetry }
}

function named(samples: readonly Sample[] | undefined, name: string): Sample[] {
  return (samples ?? []).filter(({ series }) => series.metric.name === name)
}

const SENT = 'podatlas_transmit_bytes_total'

test('a series is born with a zero one interval earlier, in a batch of its own', () => {
  const [zeros, values, ...others] = ticking().tick(1, flow())
  expect(zeros).toHaveLength(3)
  expect(zeros?.every(({ value }) => value === 0)).toBe(true)
  expect(zeros?.every(({ timestampMs }) => timestampMs === START_MS)).toBe(true)
  expect(named(values, SENT)).toMatchObject([{ value: 100, timestampMs: START_MS + INTERVAL_MS }])
  expect(others).toEqual([])
})

test('a live series has a value in every tick, and the same object stands for it', () => {
  const { tick } = ticking()
  const [, first] = tick(1, flow())
  const [second, ...others] = tick(2)
  expect(others).toEqual([])
  expect(named(second, SENT)).toMatchObject([{ value: 100 }])
  expect(named(second, SENT)[0]?.series).toBe(named(first, SENT)[0]?.series)
})

test('flows of one target add up, whichever cgroup they came from', () => {
  const { tick } = ticking()
  tick(1, flow(), flow({ cgroupId: 8, bytesSent: 11 }))
  const [values] = tick(2, flow({ bytesSent: 1 }))
  expect(named(values, SENT)).toMatchObject([{ value: 112 }])
})

test('labels are sorted, complete, and absent where nothing is known', () => {
  const [, values] = ticking({ cluster: 'east' }).tick(1, flow({}, {}), flow({ role: 'server' }))
  const byRole = Object.fromEntries(
    named(values, SENT).map(each => [Object.fromEntries(each.labels)['role'], each]),
  )
  expect(byRole['client']?.labels).toEqual([
    ['__name__', SENT],
    ['cluster', 'east'],
    ['destination_ip', '192.0.2.7'],
    ['destination_port', '443'],
    ['protocol', 'tcp'],
    ['role', 'client'],
    ['source_host', 'node-1'],
  ])
  expect(byRole['server']?.labels).toEqual([
    ['__name__', SENT],
    ['cluster', 'east'],
    ['container_name', 'nginx'],
    ['destination_ip', '192.0.2.7'],
    ['destination_port', '443'],
    ['k8s_namespace', 'shop'],
    ['k8s_pod', 'web-1'],
    ['protocol', 'tcp'],
    ['role', 'server'],
    ['source_host', 'node-1'],
  ])
})

test('the names of 2021 carry the same bytes and event="Close"', () => {
  const [, values] = ticking({ names2021: true }).tick(1, flow())
  const [sent] = named(values, 'bytes_tx')
  expect(sent?.value).toBe(100)
  expect(named(values, 'bytes_rx')[0]?.value).toBe(1_000)
  expect(Object.fromEntries(sent?.labels ?? [])).toEqual({
    ...Object.fromEntries(named(values, SENT)[0]?.labels ?? []),
    __name__: 'bytes_tx',
    event: 'Close',
  })
})

test('a series without traffic ends with a marker newer than its last value, once', () => {
  const { tick, telemetry } = ticking({ idleMs: 2 * INTERVAL_MS })
  tick(1, flow())
  const [, ...none] = tick(2)
  expect(none).toEqual([])
  const [ended] = tick(3)
  expect(ended).toHaveLength(3)
  expect(ended?.every(({ isStale }) => isStale)).toBe(true)
  expect(ended?.[0]?.timestampMs).toBe(START_MS + 3 * INTERVAL_MS)
  expect(tick(4)).toEqual([])
  expect([...telemetry.series.readings.values()]).toMatchObject([{ value: 0 }])
})

test('traffic in the last moment keeps a series alive', () => {
  const { tick } = ticking({ idleMs: 2 * INTERVAL_MS })
  tick(1, flow())
  tick(2)
  const [values] = tick(3, flow())
  expect(named(values, SENT)).toMatchObject([{ value: 200, isStale: false }])
})

test('a series that comes back starts from a zero that is newer than its marker', () => {
  const { tick } = ticking({ idleMs: INTERVAL_MS })
  const [, first] = tick(1, flow())
  const [ended] = tick(2)
  const [zeros, values] = tick(3, flow({ bytesSent: 5 }))
  expect(zeros?.[0]?.timestampMs).toBeGreaterThan(ended?.[0]?.timestampMs ?? Infinity)
  const [before] = named(first, SENT)
  const [again] = named(values, SENT)
  expect(again?.value).toBe(5)
  expect(again?.series.startMs).toBe(zeros?.[0]?.timestampMs)
  expect(again?.series.startMs).toBeGreaterThan(before?.series.startMs ?? Infinity)
})

test('no sample is stamped before the agent started, up to where its predecessor may have sent', () => {
  const { tick } = ticking({ startedMs: START_MS - 1_000 })
  const [zeros, values] = tick(0, flow())
  expect(zeros?.[0]?.timestampMs).toBe(START_MS - 1_000)
  expect(values?.[0]?.timestampMs).toBe(START_MS)
})

test('a clock that steps back never makes a sample as old as the one before', () => {
  const { tick } = ticking()
  const newest = new Map<string, number>()
  for (const at of [1, 2, -400, -399, -398, 3, 3, 4])
    for (const { labels, timestampMs } of tick(
      at,
      flow(),
      flow({ servicePort: at + 500 }),
    ).flat()) {
      const key = JSON.stringify(labels)
      expect(timestampMs).toBeGreaterThan(newest.get(key) ?? 0)
      newest.set(key, timestampMs)
    }
  expect(Math.max(...newest.values())).toBe(START_MS + 4 * INTERVAL_MS)
})
