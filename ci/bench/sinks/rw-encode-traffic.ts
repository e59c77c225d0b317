import { aggregation } from '../../../agent/aggregate/aggregate.ts'
import type { Samples } from '../../../agent/model.ts'
import { partOf } from '../../../agent/sinks/sample-queue.ts'
import { createTelemetry } from '../../../agent/telemetry.ts'
import { exampleFlow } from '../../../agent/test/example-flow.ts'

const START_MS = 1_790_000_000_000
const INTERVAL_MS = 10_000
const SERIES_PER_TARGET = 6
const CONTAINERS = 30
// As remote-write.ts cuts them.
const SAMPLES_PER_REQUEST = 2_000

/** The batches of one tick as an agent sends them, with numbers that a seed makes: six series a target, all of them moving. */
export function tickOfSeries(series: number): { total: number; requests: Samples[] } {
  const aggregate = aggregation({
    nodeName: 'node-1.example.com',
    cluster: '',
    names2021: false,
    maxSeries: 2 * series,
    idleMs: 3_600_000,
    intervalMs: INTERVAL_MS,
    startedMs: START_MS - INTERVAL_MS,
    telemetry: createTelemetry('node-1.example.com', '0.0.0'),
  })
  const random = randomNumbers()
  const owners = Array.from({ length: CONTAINERS }, (_, i) => ({
    namespace: `shop-${i % 5}`,
    pod: `web-${i}-7d9c5b6f4-x2x${i}k`,
    container: 'server',
    workload: `web-${i}`,
    workloadKind: 'Deployment',
  }))
  const targets = Math.ceil(series / SERIES_PER_TARGET)
  let last: Samples | undefined
  for (let tick = 0; tick < 3; tick++) {
    const flows = Array.from({ length: targets }, (_, i) =>
      exampleFlow({
        owner: owners[i % CONTAINERS] ?? {},
        remoteAddress: `198.51.100.${i % 250}`,
        servicePort: 1_024 + i,
        bytesSent: random(1e6),
        bytesReceived: random(1e7),
        connectionsOpened: 1 + random(9),
        rttSamples: 1 + random(5),
        rttSumUs: random(90_000),
        rttMinUs: 1 + random(900),
      }),
    )
    last = aggregate(flows, START_MS + tick * INTERVAL_MS).findLast(({ values }) => values)
  }
  const total = last?.series.length ?? 0
  if (!last || total < series) throw new Error(`${total} series instead of ${series}`)
  const requests: Samples[] = []
  for (let start = 0; start < total; start += SAMPLES_PER_REQUEST)
    requests.push(partOf(last, start, start + SAMPLES_PER_REQUEST))
  return { total, requests }
}

/** Whole numbers below a bound, the same ones each time: Lehmer's generator. */
function randomNumbers(): (bound: number) => number {
  let state = 1
  return bound => {
    state = (state * 48_271) % 2_147_483_647
    return Math.floor((state / 2_147_483_647) * bound)
  }
}
