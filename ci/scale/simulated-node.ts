import { aggregation } from '../../agent/aggregate/aggregate.ts'
import { ownMetrics } from '../../agent/aggregate/own-metrics.ts'
import type { AttributedFlow, Series } from '../../agent/model.ts'
import type { Metric } from '../../agent/registry.ts'
import { openSinks } from '../../agent/sinks/index.ts'
import { sinkOptions } from '../../agent/sinks/options.ts'
import { createTelemetry, type Telemetry } from '../../agent/telemetry.ts'
import { exampleFlow } from '../../agent/test/example-flow.ts'

export const INTERVAL_MS = 10_000
/** Bytes there and back, connections, sum and number of round-trip times. */
export const SERIES_PER_TARGET = 5
const NETWORKS = ['192.0.2', '198.51.100', '203.0.113']

export type SimulatedNode = AsyncDisposable & {
  readonly cluster: string
  readonly nodeName: string
  readonly telemetry: Telemetry
  /** One interval of traffic of every target, as an agent's pipeline hands it to its sinks. */
  readonly tick: (nowMs: number) => void
  /** Counted here, before any sink saw it. */
  readonly offered: () => number
  /** Every sample of each series, noted like that: moments and values in turn. */
  readonly samples: ReadonlyMap<Series, readonly number[]>
  /** Samples that wait in any of its sinks. */
  readonly waiting: () => number
}

export type NodeOptions = {
  readonly cluster: string
  readonly nodeName: string
  /** Remote ends; each gives five series. */
  readonly targets: number
  /** As in the config file. */
  readonly sinks: Readonly<Record<string, object>>
}

/** Everything of an agent behind its attribution: the real aggregation and the real sinks. */
export async function simulatedNode(options: NodeOptions): Promise<SimulatedNode> {
  const { cluster, nodeName, targets } = options
  const telemetry = createTelemetry(nodeName, '1.2.3')
  const common = { cluster, intervalMs: INTERVAL_MS, startedMs: 0 }
  const aggregate = aggregation({
    ...common,
    nodeName,
    names2021: false,
    maxSeries: 10_000,
    idleMs: 3_600_000,
    telemetry,
  })
  const own = ownMetrics({ ...common, registry: telemetry.registry })
  const sinks = await openSinks({
    sinks: Object.fromEntries(
      Object.entries(options.sinks).map(([name, one]) => [name, sinkOptions.parse(one)]),
    ),
    version: '1.2.3',
    telemetry,
    log: () => undefined,
  })
  const noted = new Map<Series, number[]>()
  let offered = 0
  let ticks = 0

  return {
    cluster,
    nodeName,
    telemetry,
    samples: noted,
    offered: () => offered,
    waiting: () => sum(telemetry.sinkQueueSamples),
    tick: nowMs => {
      ticks += 1
      const flows = Array.from({ length: targets }, (_, index) => flowOf(nodeName, index, ticks))
      for (const samples of [...aggregate(flows, nowMs), ...own(nowMs)]) {
        offered += samples.series.length
        for (const [index, series] of samples.series.entries()) {
          const before = noted.get(series) ?? []
          noted.set(series, before)
          before.push(samples.timestampMs, samples.values?.[index] ?? Number.NaN)
        }
        sinks.offer(samples)
      }
    },
    [Symbol.asyncDispose]: () => sinks[Symbol.asyncDispose](),
  }
}

/** What all readings of a metric add up to. */
export function sum({ readings }: Metric): number {
  return [...readings.values()].reduce((total, { value }) => total + value, 0)
}

function flowOf(nodeName: string, index: number, tick: number): AttributedFlow {
  const network = NETWORKS[index % NETWORKS.length] ?? ''
  const place = Math.floor(index / NETWORKS.length)
  return exampleFlow({
    remoteAddress: `${network}.${1 + (place % 250)}`,
    servicePort: 443 + Math.floor(place / 250),
    bytesSent: 1_000 * tick + 7 * index,
    bytesReceived: 40_000 * tick + 13 * index,
    connectionsOpened: 1 + (index % 3),
    rttSumUs: 900 + index,
    rttSamples: 1 + (tick % 4),
    owner: {
      namespace: `team-${index % 7}`,
      pod: `${nodeName}-pod-${index % 30}`,
      container: 'app',
    },
  })
}
