import { aggregation } from '../aggregate/aggregate.ts'
import { ownMetrics } from '../aggregate/own-metrics.ts'
import type { Samples } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { EXAMPLE_MS } from './examples.ts'
import { RemoteWriteOptions } from './remote-write-options.ts'
import { remoteWrite } from './remote-write.ts'

const INTERVAL_MS = 10_000

/** An open sink of remote write, what it counts and what it says. */
export function senderTo(endpoint: string, settings: object = {}) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const lines: string[] = []
  const options = RemoteWriteOptions.parse({ type: 'prometheus', endpoint, ...settings })
  const log = (line: string) => lines.push(line)
  const target = remoteWrite({ name: 'main', options, version: '1.2.3', telemetry, log })
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
