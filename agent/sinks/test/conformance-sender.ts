import { aggregation } from '../../aggregate/aggregate.ts'
import { ownMetrics } from '../../aggregate/own-metrics.ts'
import type { Samples } from '../../model.ts'
import type { Metric } from '../../registry.ts'
import { createTelemetry } from '../../telemetry.ts'
import { exampleFlow } from '../../test/example-flow.ts'
import { EXAMPLE_MS, exampleSamples, exampleSeries } from './examples.ts'
import { RemoteWriteOptions } from '../remote-write/options.ts'
import { remoteWrite } from '../remote-write/remote-write.ts'
import { writeReceiver } from './write-receiver.ts'

const INTERVAL_MS = 10_000

/** An open sink of remote write, what it counts and what it says; `directory`: of its spool. */
export function senderTo(endpoint: string, settings: object = {}, directory?: string) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const lines: string[] = []
  const options = RemoteWriteOptions.parse({ type: 'prometheus', endpoint, ...settings })
  const log = (line: string) => lines.push(line)
  const spool =
    directory === undefined ? undefined : { directory, maxBytes: 2 ** 24, maxAgeMs: 1e12 }
  const target = remoteWrite({ name: 'main', options, version: '1.2.3', telemetry, log, spool })
  return Object.assign(target, { telemetry, lines })
}

/** What an agent offers its sinks: series that begin, go on and end, with every metric there is. */
export function agentBatches(): Samples[] {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const options = { cluster: '', intervalMs: INTERVAL_MS, startedMs: EXAMPLE_MS - INTERVAL_MS }
  const aggregate = aggregation({
    ...options,
    nodeName: 'node-1',
    names2021: true,
    maxSeries: 10_000,
    idleMs: INTERVAL_MS,
    telemetry,
  })
  for (const metric of telemetry.registry.metrics) touch(metric)
  const own = ownMetrics({ ...options, registry: telemetry.registry })
  const pods = ['web-1', 'wéb-漢-🌍', `long-${'x'.repeat(300)}`]
  const flows = pods.map(pod =>
    exampleFlow({
      bytesSent: 4_096,
      bytesReceived: 7,
      connectionsOpened: 1,
      failedRefused: 1,
      failedTimedOut: 1,
      failedUnreachable: 1,
      failedOther: 1,
      resetByUs: 1,
      resetByPeer: 1,
      retransmits: 1,
      rttSumUs: 900,
      rttSamples: 3,
      rttMinUs: 250,
      datagramsSent: 1,
      datagramsReceived: 1,
      owner: { namespace: 'shop', pod, container: 'nginx' },
    }),
  )
  return [0, 1, 2, 3].flatMap(tick => {
    const nowMs = EXAMPLE_MS + tick * INTERVAL_MS
    return [...aggregate(tick < 2 ? flows : [], nowMs), ...own(nowMs)]
  })
}

/** Gives a metric without readings one, whose labels are called `a label`. */
function touch(metric: Metric): void {
  const labels = new Proxy({}, { get: (_, name) => `a ${String(name)}` })
  const set: unknown = Reflect.get(metric, metric.type === 'counter' ? 'inc' : 'set')
  if (metric.readings.size === 0 && typeof set === 'function')
    Reflect.apply(set, metric, [labels, 1])
}

const PARALLEL_SERIES = 10_000

/**
 * Three moments of 10,000 series, so five requests each and several of them in flight, to a receiver
 * that first refuses some: how they came, each by its moment, whether it was taken, and its first series.
 */
export async function parallelMoments(settings: object) {
  await using receiver = await writeReceiver()
  receiver.answerNext({ status: 503 }, { status: 204 }, { status: 429 }, { status: 500 })
  await using target = senderTo(receiver.endpoint, { maxParallel: 4, ...settings })
  const pods = Array.from({ length: PARALLEL_SERIES }, (_, index) => exampleSeries(`p${index}`))
  for (const value of [1, 2, 3]) {
    const values = pods.map(series => [series, value] as const)
    target.offer(exampleSamples(values, EXAMPLE_MS + value * INTERVAL_MS))
  }
  const taken = await receiver.received(3 * PARALLEL_SERIES)
  const times = new Map<string, number[]>()
  for (const { labels, timestampMs } of taken) {
    const key = String(labels)
    times.set(key, [...(times.get(key) ?? []), timestampMs])
  }
  const bodies = receiver.requests.map(({ body }) => body.toString('base64'))
  return {
    /** Of each series, in the order in which they were taken. */
    timesOfSeries: [...times.values()],
    moments: [1, 2, 3].map(value => EXAMPLE_MS + value * INTERVAL_MS),
    /** Whether others came between a request that was refused and its repetition. */
    isOvertaken: bodies.indexOf(bodies[0] ?? '', 1) > 1,
  }
}

/** The pauses between requests that all failed, ms. */
export function pausesOf(requests: readonly { readonly cameMs: number }[]): number[] {
  return requests.slice(1).map(({ cameMs }, index) => cameMs - (requests[index]?.cameMs ?? 0))
}
