import { expect, test } from 'vitest'
import type { AttributedFlow, Samples } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { samplesOf } from '../test/sample.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { aggregation } from './aggregate.ts'

const START_MS = 1_790_000_000_000
const INTERVAL_MS = 10_000

/** Ticks one interval apart; `at` is the number of the tick. */
function ticking() {
  const aggregate = aggregation({
    nodeName: 'node-1',
    cluster: '',
    names2021: false,
    maxSeries: 1_000,
    idleMs: 3_600_000,
    intervalMs: INTERVAL_MS,
    startedMs: 0,
    telemetry: createTelemetry('node-1', '1.2.3'),
  })
  return (at: number, ...flows: Partial<AttributedFlow>[]) =>
    aggregate(flows.map(exampleFlow), START_MS + at * INTERVAL_MS)
}

/** Values by name and what tells the series of one target apart. */
function valuesOf(samples: Samples | undefined, protocol = ''): Record<string, number> {
  return Object.fromEntries(
    samplesOf(samples).flatMap(({ labels, value }) => {
      const { __name__: name = '', reason, by, protocol: of } = Object.fromEntries(labels)
      if (!of?.includes(protocol)) return []
      return [[[name.replace(/^podatlas_/, ''), reason ?? by].filter(Boolean).join(' '), value]]
    }),
  )
}

test('an idle target has its bytes and nothing else', () => {
  const [zeros, values] = ticking()(1, { bytesSent: 5 })
  expect(valuesOf(zeros)).toEqual({ transmit_bytes_total: 0, receive_bytes_total: 0 })
  expect(valuesOf(values)).toEqual({ transmit_bytes_total: 5, receive_bytes_total: 0 })
})

test('a signal that occurs later starts then, with a zero of its own, and stays', () => {
  const tick = ticking()
  tick(1, { bytesSent: 5 })
  const [zeros, values] = tick(2, { failedRefused: 2 })
  expect(valuesOf(zeros)).toEqual({ 'connections_failed_total refused': 0 })
  expect(zeros?.timestampMs).toBe(START_MS + INTERVAL_MS + 1)
  const counted = {
    transmit_bytes_total: 5,
    receive_bytes_total: 0,
    'connections_failed_total refused': 2,
  }
  expect(valuesOf(values)).toEqual(counted)
  const [after, ...others] = tick(3)
  expect(valuesOf(after)).toEqual(counted)
  expect(others).toEqual([])
})

test('failures and resets say why and by whom', () => {
  const [, values] = ticking()(
    1,
    { failedRefused: 1, failedTimedOut: 2, failedUnreachable: 3, failedOther: 4 },
    { resetByUs: 5, resetByPeer: 6, retransmits: 7 },
  )
  expect(valuesOf(values)).toMatchObject({
    'connections_failed_total refused': 1,
    'connections_failed_total timed_out': 2,
    'connections_failed_total unreachable': 3,
    'connections_failed_total other': 4,
    'connections_reset_total local': 5,
    'connections_reset_total remote': 6,
    tcp_retransmits_total: 7,
  })
})

test('round-trip times are seconds, and their smallest is that of the interval', () => {
  const tick = ticking()
  const one = { rttSumUs: 300, rttSamples: 2, rttMinUs: 90 }
  const other = { rttSumUs: 700, rttSamples: 1, rttMinUs: 70 }
  const [zeros, values] = tick(1, one, other, { bytesSent: 1 })
  expect(valuesOf(values)).toMatchObject({
    tcp_rtt_seconds_sum: 0.001,
    tcp_rtt_seconds_count: 3,
    tcp_rtt_min_seconds: 0.000_07,
  })
  // A gauge that starts at 0 would be the smallest time of all.
  expect(valuesOf(zeros)).not.toHaveProperty('tcp_rtt_min_seconds')
  const gauge = values?.series.find(({ metric }) => metric.name === 'podatlas_tcp_rtt_min_seconds')
  expect(gauge?.metric.type).toBe('gauge')

  const [later] = tick(2, { ...other, rttMinUs: 200 })
  expect(valuesOf(later)).toMatchObject({ tcp_rtt_seconds_count: 4, tcp_rtt_min_seconds: 0.000_2 })
  const [silent] = tick(3, { bytesSent: 1 })
  expect(valuesOf(silent)).toMatchObject({ tcp_rtt_min_seconds: 0.000_2 })
})

test('UDP has bytes and datagrams, apart from TCP to the same port', () => {
  const [, values] = ticking()(
    1,
    { bytesSent: 9 },
    { protocol: 'udp', bytesSent: 64, bytesReceived: 512, datagramsSent: 2, datagramsReceived: 1 },
  )
  expect(valuesOf(values, 'udp')).toEqual({
    transmit_bytes_total: 64,
    receive_bytes_total: 512,
    transmit_datagrams_total: 2,
    receive_datagrams_total: 1,
  })
})
