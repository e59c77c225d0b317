import { expect, test } from 'vitest'
import type { AttributedFlow, Series } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { receiverBooks } from '../test/receiver-books.ts'
import { samplesOf } from '../test/sample.ts'
import { aggregation } from './aggregate.ts'
import { trafficMetrics } from './metrics.ts'

const INTERVAL_MS = 10_000
const HOUR_MS = 3_600_000
const START_MS = 1_790_000_000_000

function counting(maxSeries = 10_000) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const warnings: string[] = []
  const books = receiverBooks(START_MS)
  const aggregate = aggregation({
    nodeName: 'node-1',
    cluster: '',
    names2021: false,
    maxSeries,
    idleMs: 6 * INTERVAL_MS,
    intervalMs: INTERVAL_MS,
    startedMs: START_MS,
    telemetry,
    warn: (_, line) => warnings.push(line),
  })
  /** Stamps of the tick's samples, the oldest first. */
  const tick = (nowMs: number, ...flows: AttributedFlow[]) => {
    const batches = aggregate(flows, nowMs)
    books.receive(batches, flows)
    return batches.flatMap(samplesOf).map(({ timestampMs }) => timestampMs)
  }
  const aheadSeconds = () => [...telemetry.stampsAhead.readings.values()][0]?.value
  const sent = () => trafficMetrics.filter(({ name }) => name === SENT).map(books.sumOf)[0]
  return { aggregate, tick, books, sent, telemetry, warnings, aheadSeconds }
}

const SENT = 'podatlas_transmit_bytes_total'

const flow = exampleFlow({ bytesSent: 100 })

test('a clock that is set an hour forwards ends nothing, and every byte stays counted', () => {
  const { tick, books, sent, warnings, aheadSeconds } = counting()
  tick(START_MS + INTERVAL_MS, flow)
  const stamps = tick(START_MS + HOUR_MS, flow)
  expect(new Set(stamps)).toEqual(new Set([START_MS + HOUR_MS]))
  expect(books.alive()).toHaveLength(2)
  expect(sent()).toBe(200)
  expect([warnings, aheadSeconds()]).toEqual([[], 0])
})

test('a clock that is set an hour back: stamps stand nearly still until it has caught up, which is told', () => {
  const { tick, sent, warnings, aheadSeconds } = counting()
  tick(START_MS + HOUR_MS, flow)
  for (let ms = INTERVAL_MS; ms < HOUR_MS; ms += INTERVAL_MS) {
    const stamps = tick(START_MS + ms, flow)
    expect(Math.max(...stamps)).toBeLessThan(START_MS + HOUR_MS + 1_000)
  }
  expect(aheadSeconds()).toBeGreaterThanOrEqual(10)
  expect(warnings[0]).toBe(
    'the clock was set back: samples are stamped 3590 s ahead of it, close to each other, until it has caught up',
  )
  const [stamp] = tick(START_MS + HOUR_MS + INTERVAL_MS, flow)
  expect(stamp).toBe(START_MS + HOUR_MS + INTERVAL_MS)
  expect(aheadSeconds()).toBe(0)
  expect(sent()).toBe(361 * 100)
})

test('a hundred thousand addresses in a minute stay within the budget, each byte counted once', () => {
  const { aggregate, telemetry } = counting(1_000)
  const last = new Map<Series, number>()
  let offered = 0
  for (let second = 10; second <= 60; second += 10) {
    const flows = Array.from({ length: 17_000 }, (_, i) =>
      exampleFlow({ remoteAddress: `10.${second}.${i >> 8}.${i & 255}`, bytesSent: 1 + (i % 7) }),
    )
    offered += flows.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
    for (const { series, values } of aggregate(flows, START_MS + second * 1_000)) {
      expect(series.length).toBeLessThanOrEqual(1_000)
      for (const [index, one] of series.entries())
        if (values && one.metric.name === SENT) last.set(one, values[index] ?? 0)
    }
    expect([...last.values()].reduce((sum, value) => sum + value, 0)).toBe(offered)
  }
  expect([...telemetry.foldedTargets.readings.values()][0]?.value).toBeGreaterThan(16_000)
})
