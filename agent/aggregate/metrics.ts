import type { Flow, Metric } from '../model.ts'
import { sortedLabels } from './labels.ts'

/** A number that leaves the agent for each target; the name says its unit. */
export type TrafficMetric = Metric & {
  /** A counter adds up what flows bring; a gauge is the smallest that flows brought in an interval. */
  readonly type: 'counter' | 'gauge'
  /** What one flow brings, in whole numbers, so that sums are exact. A gauge's 0 is none. */
  readonly of: (flow: Flow) => number
  /** How many of those make one of the name's unit. */
  readonly perUnit: number
}

/** Metrics that are of use together only: their series are born together. */
export type MetricGroup = readonly TrafficMetric[]

const US_PER_S = 1_000_000

/** What every target has from its first flow on. */
export const byteMetrics: MetricGroup = [
  counter(
    'podatlas_transmit_bytes_total',
    'Payload bytes sent to the remote end; of TCP, those it acknowledged',
    flow => flow.bytesSent,
  ),
  counter(
    'podatlas_receive_bytes_total',
    'Payload bytes received from the remote end; of TCP, those in order',
    flow => flow.bytesReceived,
  ),
]

/** The byte counters under their names of 2021, so that its queries run as they stand. */
export const metrics2021: MetricGroup = [
  counter(
    'bytes_tx',
    'Payload bytes sent by the container, under the name of 2021',
    flow => flow.bytesSent,
    { event: 'Close' },
  ),
  counter(
    'bytes_rx',
    'Payload bytes received by the container, under the name of 2021',
    flow => flow.bytesReceived,
    { event: 'Close' },
  ),
]

/** What a target has from its first occurrence on: most targets never know most of them. */
export const signals: readonly MetricGroup[] = [
  [
    counter(
      'podatlas_connections_opened_total',
      'Connections established: opened by a client, accepted by a server',
      flow => flow.connectionsOpened,
    ),
  ],
  [failed('refused', flow => flow.failedRefused)],
  [failed('timed_out', flow => flow.failedTimedOut)],
  [failed('unreachable', flow => flow.failedUnreachable)],
  [failed('other', flow => flow.failedOther)],
  [reset('local', flow => flow.resetByUs)],
  [reset('remote', flow => flow.resetByPeer)],
  [counter('podatlas_tcp_retransmits_total', 'TCP segments sent again', flow => flow.retransmits)],
  [
    {
      ...counter(
        'podatlas_tcp_rtt_seconds_sum',
        'Smoothed round-trip times, sampled once per interval and connection, added up',
        flow => flow.rttSumUs,
      ),
      perUnit: US_PER_S,
    },
    counter(
      'podatlas_tcp_rtt_seconds_count',
      'Samples in podatlas_tcp_rtt_seconds_sum',
      flow => flow.rttSamples,
    ),
  ],
  [
    {
      ...counter(
        'podatlas_tcp_rtt_min_seconds',
        'Smallest round-trip time, of the last interval that had one',
        flow => flow.rttMinUs,
      ),
      type: 'gauge',
      perUnit: US_PER_S,
    },
  ],
  [counter('podatlas_transmit_datagrams_total', 'UDP datagrams sent', flow => flow.datagramsSent)],
  [
    counter(
      'podatlas_receive_datagrams_total',
      'UDP datagrams received',
      flow => flow.datagramsReceived,
    ),
  ],
]

/** Every metric of traffic. */
export const trafficMetrics: MetricGroup = [...byteMetrics, ...signals.flat()]

function counter(
  name: string,
  help: string,
  of: TrafficMetric['of'],
  more: Readonly<Record<string, string>> = {},
): TrafficMetric {
  const labels = sortedLabels({ __name__: name, ...more })
  return { name, help, type: 'counter', of, perUnit: 1, labels }
}

function failed(reason: string, of: TrafficMetric['of']): TrafficMetric {
  const help = 'Connections that could not be established'
  return counter('podatlas_connections_failed_total', help, of, { reason })
}

function reset(by: string, of: TrafficMetric['of']): TrafficMetric {
  const help = 'Connections broken off: by this end (local) or by the other (remote)'
  return counter('podatlas_connections_reset_total', help, of, { by })
}
