import {
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  integer,
  oneof,
  property,
  record,
  subarray,
  type Arbitrary,
} from 'fast-check'
import { expect, test } from 'vitest'
import { createTelemetry } from '../telemetry.ts'
import { anyFlow } from '../test/any-flow.ts'
import { receiverBooks } from '../test/receiver-books.ts'
import { aggregation } from './aggregate.ts'
import { trafficMetrics } from './metrics.ts'
import { DROPPABLE_LABELS, OPTIONAL_LABELS, type LabelChoice } from './traffic-labels.ts'

const INTERVAL_MS = 10_000
const HOUR_MS = 3_600_000
const START_MS = 1_790_000_000_000

const counters = trafficMetrics.filter(({ type }) => type === 'counter')

const anyTick = record({
  flows: array(anyFlow, { maxLength: 40 }),
  clockStepMs: oneof(
    { weight: 8, arbitrary: constant(INTERVAL_MS) },
    constantFrom(HOUR_MS, -HOUR_MS, 0, 1, -3_000),
  ),
  zone: oneof({ weight: 20, arbitrary: constant('b') }, constantFrom(undefined, 'a')),
})

const anyLabels: Arbitrary<LabelChoice> = record({
  add: subarray([...OPTIONAL_LABELS], { maxLength: 2 }),
  drop: oneof(subarray([...DROPPABLE_LABELS], { maxLength: 2 }), subarray([...DROPPABLE_LABELS])),
  processes: boolean(),
})

const anyOptions = record({
  maxSeries: integer({ min: 100, max: 400 }),
  names2021: boolean(),
  idleMs: integer({ min: 1, max: 8 }).map(ticks => ticks * INTERVAL_MS),
  priorityNamespaces: subarray(['bank']),
  labels: anyLabels,
})

test('for any traffic, budget, labels and clock: sums are exact, counters rise, the budget holds', () => {
  const anyTraffic = array(anyTick, { minLength: 1, maxLength: 25 })
  const holds = property(anyOptions, anyTraffic, (options, ticks) => {
    const telemetry = createTelemetry('node-1', '1.2.3')
    const told = (metric: 'series' | 'foldedBytes') =>
      [...telemetry[metric].readings.values()].map(({ labels, value }) => [labels['step'], value])
    const books = receiverBooks(START_MS)
    const offered = new Map(counters.map(metric => [metric, 0]))
    let [nowMs, zone]: [number, string | undefined] = [START_MS, undefined]
    const aggregate = aggregation({
      ...options,
      nodeName: 'node-1',
      cluster: 'east',
      zone: () => zone,
      intervalMs: INTERVAL_MS,
      startedMs: START_MS,
      telemetry,
    })

    for (const { flows, clockStepMs, zone: newZone } of ticks) {
      zone = newZone
      nowMs += clockStepMs
      for (const [metric, sum] of offered)
        offered.set(
          metric,
          flows.reduce((total, flow) => total + metric.of(flow), sum),
        )
      books.receive(aggregate(flows, nowMs), flows)

      for (const [metric, sum] of offered)
        expect([metric.name, books.sumOf(metric)]).toEqual([metric.name, sum])
      const alive = books.alive()
      expect(alive.length).toBeLessThanOrEqual(options.maxSeries)
      expect(told('series')).toEqual([[undefined, alive.length]])
      // Each that lives is told in each tick.
      expect(new Set(alive.map(({ timestampMs }) => timestampMs)).size).toBeLessThanOrEqual(1)
      if (options.labels.drop.includes('destination_ip')) continue
      const folded = told('foldedBytes').filter(([, bytes]) => bytes !== 0)
      expect(Object.fromEntries(folded)).toEqual(books.folded)
    }
  })
  assert(holds, { numRuns: 100 })
})
