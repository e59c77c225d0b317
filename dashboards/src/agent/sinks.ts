import { overTime } from '../panels.ts'
import type { Row } from '../parts.ts'
import { rateOf, sumBy } from '../queries.ts'
import { over } from '../targets.ts'
import { own } from './own.ts'

/** What arrives where, and how late. */
export function sinks(): Row[] {
  return [
    { height: 8, panels: [sent(), failed(), delay()] },
    { height: 8, panels: [spool(), waiting(), bytes()] },
  ]
}

function sent() {
  return sink(17, 'sent', 'Samples per second that each destination was to take, and took.', 'cps')
    .withTarget(over('A', bySink('sink_samples_sent_total'), '{{sink}}'))
    .withTarget(over('B', bySink('sink_samples_offered_total'), '{{sink}} offered'))
}

function failed() {
  return sink(
    18,
    'failed',
    'Requests per second that failed, samples per second that are sent again, those that never arrive, and labels that were too long for the destination.',
    'cps',
  )
    .withTarget(over('A', failures('sink_failures_total'), '{{sink}} {{reason}}'))
    .withTarget(
      over('B', failures('sink_samples_dropped_total'), '{{sink}} {{reason}}: samples dropped'),
    )
    .withTarget(over('C', bySink('sink_samples_retried_total'), '{{sink}} samples sent again'))
    .withTarget(over('D', bySink('sink_spool_failures_total'), '{{sink}} disk takes nothing'))
    .withTarget(over('E', bySink('sink_values_cut_total'), '{{sink}} labels cut'))
    .noValue('No failure')
}

function delay() {
  return sink(
    19,
    'delay',
    "Age of the oldest sample that waits, on the worst node, and how far the destination's clock is from the node's.",
    's',
  )
    .withTarget(over('A', onWorst('sink_delay_seconds'), '{{sink}}'))
    .withTarget(
      over('B', `max by (sink) (abs(${own('sink_clock_skew_seconds')}))`, '{{sink}} clock'),
    )
}

function spool() {
  const fill = `${own('sink_spool_bytes')} / ${own('sink_spool_capacity_bytes')}`
  return sink(
    20,
    'spool',
    'How full the spool on disk is. Beyond it, the oldest samples are dropped.',
    'percentunit',
  )
    .max(1)
    .withTarget(over('A', `max by (sink, source_host) (${fill})`, '{{sink}} {{source_host}}'))
    .noValue('No sink has a spool')
}

function waiting() {
  return sink(
    25,
    'waiting',
    'Samples that wait to be sent, and those of them on disk, on the worst node; and nodes whose disk takes nothing.',
    'short',
  )
    .withTarget(over('A', onWorst('sink_queue_samples'), '{{sink}}'))
    .withTarget(over('B', onWorst('sink_spool_samples'), '{{sink}} on disk'))
    .withTarget(
      over('C', sumBy('sink', own('sink_spool_unavailable')), '{{sink}} nodes without disk'),
    )
}

function bytes() {
  return sink(
    26,
    'bytes',
    'Bytes per second of all requests, as they were sent, failed ones included.',
    'Bps',
  ).withTarget(over('A', bySink('sink_wire_bytes_total'), '{{sink}}'))
}

function failures(name: string): string {
  return sumBy('sink, reason', rateOf(own(name)))
}

function onWorst(name: string): string {
  return `max by (sink) (${own(name)})`
}

function bySink(name: string): string {
  return sumBy('sink', rateOf(own(name)))
}

function sink(id: number, title: string, description: string, unitName: string) {
  const face = { id, title: `Sinks: ${title}`, description, width: 8, unit: unitName }
  return overTime(face).min(0)
}
