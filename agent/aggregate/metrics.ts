import type { Flow } from '../model.ts'

/** A counter of traffic: its name says the unit, `of` reads what one flow adds to it. */
export type TrafficMetric = {
  readonly name: string
  readonly help: string
  readonly of: (flow: Flow) => number
  /** Labels that every series of this metric carries besides those of its target. */
  readonly labels?: Readonly<Record<string, string>>
}

/** Every counter that leaves the agent for each target. */
export const trafficMetrics: readonly TrafficMetric[] = [
  {
    name: 'podatlas_transmit_bytes_total',
    help: 'Payload bytes sent to the remote end and acknowledged by it',
    of: flow => flow.bytesSent,
  },
  {
    name: 'podatlas_receive_bytes_total',
    help: 'Payload bytes received in order from the remote end',
    of: flow => flow.bytesReceived,
  },
  {
    name: 'podatlas_connections_opened_total',
    help: 'Connections that were established',
    of: flow => flow.connectionsOpened,
  },
  {
    name: 'podatlas_connections_failed_total',
    help: 'Connections that could not be established',
    of: flow =>
      flow.failedRefused + flow.failedTimedOut + flow.failedUnreachable + flow.failedOther,
  },
]

/** The byte counters under their names of 2021, so that its queries run as they stand. */
export const metrics2021: readonly TrafficMetric[] = [
  {
    name: 'bytes_tx',
    help: 'Payload bytes sent by the container, under the name of 2021',
    of: flow => flow.bytesSent,
    labels: { event: 'Close' },
  },
  {
    name: 'bytes_rx',
    help: 'Payload bytes received by the container, under the name of 2021',
    of: flow => flow.bytesReceived,
    labels: { event: 'Close' },
  },
]
