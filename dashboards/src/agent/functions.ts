import { overTime } from '../panels.ts'
import type { Row } from '../parts.ts'
import { rateOf, sumBy, totalOf } from '../queries.ts'
import { columns, heading, rows } from '../tables.ts'
import { now, over } from '../targets.ts'
import { faultLines } from './own.ts'

/** How geoip and peers do. */
export function functions(): Row {
  return { height: 8, panels: [lookups(), queries(), functionFaults(), peersKnown()] }
}

function lookups() {
  return overTime({
    id: 21,
    title: 'Lookups',
    description: 'Addresses that geoip looks up, per second, by result.',
    width: 6,
    unit: 'cps',
  })
    .min(0)
    .withTarget(over('A', sumBy('result', rateOf('podatlas_geoip_lookups_total')), '{{result}}'))
    .noValue('geoip is off')
}

function queries() {
  const [sum, count] = ['sum', 'count'].map(part =>
    rateOf(`podatlas_geoip_query_duration_seconds_${part}`),
  )
  return overTime({
    id: 22,
    title: 'Queries',
    description:
      'Time that Prometheus takes to tell geoip the addresses, and how many series that are.',
    width: 6,
    unit: 's',
  })
    .min(0)
    .withTarget(over('A', `${sum} / (${count} > 0)`, '{{query}}'))
    .withTarget(over('B', 'max by (query) (podatlas_geoip_query_samples)', '{{query}} series'))
    .overrideByQuery('B', [
      { id: 'unit', value: 'short' },
      { id: 'custom.axisPlacement', value: 'right' },
    ])
    .noValue('geoip is off')
}

function functionFaults() {
  return faultLines(
    {
      id: 23,
      title: 'Faults of geoip and peers',
      description: 'What the functions could not do, per second.',
      width: 6,
    },
    [
      ['podatlas_geoip_query_failures_total', 'geoip: query {{query}} {{reason}}'],
      ['podatlas_geoip_addresses_dropped_total', 'geoip: query {{query}}, over the limit'],
      ['podatlas_geoip_query_remarks_total', 'geoip: query {{query}} {{kind}}'],
      ['podatlas_peers_query_failures_total', 'peers: query {{reason}}'],
      ['podatlas_peers_watch_failures_total', 'peers: {{verb}} {{resource}} {{reason}}'],
      ['podatlas_peers_bad_objects_total', 'peers: {{resource}} {{reason}}'],
      ['podatlas_peers_left_out_total', 'peers: {{kind}} left out, {{reason}}'],
    ],
  )
}

function peersKnown() {
  return rows({
    id: 24,
    title: 'What peers knows',
    description:
      'Objects and addresses that peers keeps, and how long the API server has been silent.',
    width: 6,
    unit: 'short',
  })
    .withTarget(
      now(
        'A',
        [
          'label_replace(sum by (resource) (podatlas_peers_objects), "what", "$1", "resource", "(.+)")',
          named('addresses', 'sum(podatlas_peers_addresses)'),
          named('room for addresses', 'sum(podatlas_peers_addresses_capacity)'),
          named('addresses of nobody', 'sum(podatlas_peers_classified_addresses)'),
          named('events, this time range', `sum(${totalOf('podatlas_peers_watch_events_total')})`),
          named('lists, this time range', `sum(${totalOf('podatlas_peers_lists_total')})`),
          named(
            'seconds of silence',
            'time() - min(podatlas_peers_last_contact_timestamp_seconds)',
          ),
        ].join(' or '),
      ),
    )
    .transformations(columns({ what: 'what', Value: 'Count' }, ['resource']))
    .overrideByName('what', [heading('What')])
    .noValue('peers is off')
}

function named(what: string, expr: string): string {
  return `label_replace(${expr}, "what", "${what}", "", "")`
}
