import { overTime } from '../panels.ts'
import type { Row } from '../parts.ts'
import { rateOf, sumBy } from '../queries.ts'
import { over } from '../targets.ts'
import { own } from './own.ts'

/** What arrives where, and how late. */
export function sinks(): Row {
  return { height: 8, panels: [sinkSent(), sinkFailed(), sinkDelay(), sinkQueue()] }
}

function sinkSent() {
  return sink(
    17,
    'Sinks: sent',
    'Samples per second that each destination took.',
    'cps',
  ).withTarget(over('A', sumBy('sink', rateOf(own('sink_samples_sent_total'))), '{{sink}}'))
}

function sinkFailed() {
  return sink(
    18,
    'Sinks: failed',
    'Requests per second that failed, and samples per second that never arrive.',
    'cps',
  )
    .withTarget(
      over('A', sumBy('sink, reason', rateOf(own('sink_failures_total'))), '{{sink}} {{reason}}'),
    )
    .withTarget(
      over(
        'B',
        sumBy('sink, reason', rateOf(own('sink_samples_dropped_total'))),
        '{{sink}} {{reason}}: samples dropped',
      ),
    )
    .noValue('No failure')
}

function sinkDelay() {
  return sink(
    19,
    'Sinks: delay',
    'Age of the oldest sample that waits, on the worst node.',
    's',
  ).withTarget(over('A', `max by (sink) (${own('sink_delay_seconds')})`, '{{sink}}'))
}

function sinkQueue() {
  return sink(
    20,
    'Sinks: queue',
    'Samples that wait to be sent, on the worst node.',
    'short',
  ).withTarget(
    over(
      'A',
      `max by (sink, source_host) (${own('sink_queue_samples')})`,
      '{{sink}} {{source_host}}',
    ),
  )
}

function sink(id: number, title: string, description: string, unitName: string) {
  return overTime({ id, title, description, width: 6, unit: unitName }).min(0)
}
