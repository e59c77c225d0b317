import { aggregation } from '../../../agent/aggregate/aggregate.ts'
import type { AttributedFlow, Samples, Series } from '../../../agent/model.ts'
import { createTelemetry } from '../../../agent/telemetry.ts'
import type { BenchOptions } from '../result.ts'
import type { Traffic } from './series-cap-traffic.ts'

const MAX_SERIES = 10_000
export const START_MS = 1_790_000_000_000
export const INTERVAL_MS = 10_000

/** The aggregation with a budget of 10,000 series. */
export function newAggregation() {
  const telemetry = createTelemetry('node-1', 'bench')
  const aggregate = aggregation({
    nodeName: 'node-1',
    cluster: 'bench',
    names2021: false,
    maxSeries: MAX_SERIES,
    idleMs: 3_600_000,
    intervalMs: INTERVAL_MS,
    startedMs: START_MS,
    telemetry,
  })
  return { telemetry, aggregate }
}

/** Every byte of every tick is in one series, the series are as many as there may be, and they are the biggest. */
export function printSums(traffic: Traffic, print: BenchOptions['print']): void {
  const { aggregate, telemetry } = newAggregation()
  const folded = () => [...telemetry.foldedBytes.readings.values()]
  const foldedBytes = () => sumOf(folded().map(({ value }) => value))
  const last = new Map<Series, number>()
  const sizes = new Map<string, number>()
  let [error, most, exactBytes] = [0, 0, 0]
  let flows: AttributedFlow[] = []
  let alive: readonly Series[] = []
  for (let tick = 0; tick < traffic.ticks; tick++) {
    flows = traffic.flowsOf(tick)
    for (const flow of flows)
      sizes.set(flow.remoteAddress, (sizes.get(flow.remoteAddress) ?? 0) + bytesOf(flow))
    const before = foldedBytes()
    for (const batch of aggregate(flows, START_MS + tick * INTERVAL_MS)) {
      keepBytes(last, batch)
      if (batch.values) alive = batch.series
    }
    exactBytes = sumOf(flows.map(bytesOf)) - (foldedBytes() - before)
    error = Math.max(error, Math.abs(sumOf(last.values()) - sumOf(sizes.values())))
    most = Math.max(most, alive.length)
  }
  const about = { bench: 'series-cap', details: { folded: folded(), bytes: sumOf(sizes.values()) } }
  print({
    ...about,
    metric: `${traffic.name}: error of sum(series) at every tick`,
    unit: 'B',
    measured: error,
    goal: { atMost: 0 },
    limit: '0',
  })
  print({
    ...about,
    metric: `${traffic.name}: series alive`,
    unit: '',
    measured: most,
    goal: { atMost: MAX_SERIES },
    limit: MAX_SERIES.toLocaleString('en'),
  })
  // Of addresses that come once, none is bigger.
  if (traffic.name === 'uniform') return
  const exact = alive.filter(isExact).length
  const ranked = [...sizes].toSorted(([, left], [, right]) => right - left)
  const biggest = new Set(ranked.slice(0, exact).map(([address]) => address))
  const best = sumOf(flows.filter(flow => biggest.has(flow.remoteAddress)).map(bytesOf))
  print({
    ...about,
    metric: `${traffic.name}: bytes in exact series, last tick`,
    unit: '×',
    measured: exactBytes / best,
    goal: { atLeast: 0.9 },
    limit: `1, the ${exact} biggest of the minute`,
  })
}

function bytesOf(flow: AttributedFlow): number {
  return flow.bytesSent + flow.bytesReceived
}

/** The last value of every series of bytes, those that have ended included. */
function keepBytes(last: Map<Series, number>, { series, values }: Samples): void {
  for (const [index, one] of series.entries())
    if (values && one.metric.name.endsWith('_bytes_total')) last.set(one, values[index] ?? 0)
}

function isExact({ metric, target }: Series): boolean {
  if (metric.name !== 'podatlas_transmit_bytes_total') return false
  const [, remote = ''] = target.find(([name]) => name === 'destination_ip') ?? []
  return remote !== 'other' && !remote.includes('/')
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0
  for (const each of numbers) sum += each
  return sum
}
