import dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { number, overTime, stackedOverTime, states } from './panels.ts'
import { cell, dashboardOf, line, linksFrom, toRunbook } from './parts.ts'
import { foldedAddress, inCluster, inNamespace, series, sumBy } from './queries.ts'
import { columns, heading, rows } from './tables.ts'
import { now, over } from './targets.ts'
import { withoutTime, worldMap } from './world-map.ts'

const link = linksFrom('podatlas-geofence')
const ofPolicy = 'policy=~"$policy"'
const violations = inNamespace(series.violationBytes, ofPolicy)

/** What policies forbid, and who does it nevertheless. */
export const geofence = dashboardOf({
  uid: 'podatlas-geofence',
  title: 'podatlas / Geofence',
  description: 'Traffic to and from countries and networks that a policy forbids.',
  rows: [
    { height: 6, panels: [policies(), state(), notJudged()] },
    { height: 13, panels: [where(), violating()] },
    { height: 9, panels: [attempts(), allowedAndNot()] },
    { height: 7, panels: [alerts()] },
  ],
})

function policies() {
  return number({
    id: 1,
    title: 'Policies',
    description: 'Policies in force.',
    width: 5,
    unit: 'short',
  })
    .withTarget(now('A', `count(count by (policy) (${series.policy}))`))
    .noValue('None yet: set geofence.policies')
}

function state() {
  const violated = `count by (policy) (${inCluster(series.violationBytes, ofPolicy)})`
  const inForce = `0 * max by (policy) (${series.policy}{${ofPolicy}})`
  return states({
    id: 2,
    title: 'State',
    description: 'When each policy was kept, and when something did what it forbids.',
    width: 14,
    unit: 'short',
  })
    .withTarget(over('A', `${violated} or ${inForce}`, '{{policy}}'))
    .mappings([
      {
        type: dashboard.MappingType.ValueToText,
        options: { 0: { text: 'kept', color: 'green', index: 0 } },
      },
      {
        type: dashboard.MappingType.RangeToText,
        options: { from: 1, to: null, result: { text: 'violated', color: 'red', index: 1 } },
      },
    ])
    .noValue('No policy')
}

function notJudged() {
  const folded = inCluster(series.transmitByAddress, foldedAddress)
  return number({
    id: 3,
    title: 'Not judged',
    description:
      'Share of the bytes sent whose address was folded, so that no policy can see their country. Namespaces with a policy are folded last; a larger budget (agent.series.budget) folds less.',
    width: 5,
    unit: 'percentunit',
  })
    .max(1)
    .withTarget(now('A', `sum(${folded}) / sum(${inCluster(series.transmitByAddress)})`))
    .overrideByFieldType('number', [link('podatlas-agent', 'What is folded')])
    .noValue('0%')
}

function where() {
  const face = {
    id: 4,
    title: 'Where',
    description: 'Forbidden bytes per second in both directions, by country.',
    width: 12,
    unit: 'Bps',
  }
  return worldMap(face, 'country', 'red')
    .withTarget(now('A', sumBy('country, policy', violations)))
    .withTransformation(withoutTime)
    .overrideByFieldType('number', [
      link('podatlas-world', 'Only this country', { country: cell('country') }),
    ])
    .noValue('No violation')
}

function violating() {
  const who = 'policy, direction, k8s_namespace, k8s_pod, country, asn'
  return rows({
    id: 5,
    title: 'Violations',
    description: 'Who violates which policy: bytes per second now, and at most in this time range.',
    width: 12,
    unit: 'Bps',
  })
    .withTarget(now('A', sumBy(who, violations)))
    .withTarget(now('B', sumBy(who, `max_over_time(${violations}[$__range])`)))
    .transformations(
      columns({
        policy: 'Policy',
        k8s_namespace: 'k8s_namespace',
        k8s_pod: 'k8s_pod',
        direction: 'Direction',
        country: 'Country',
        asn: 'Network',
        'Value #A': 'Now',
        'Value #B': 'At most',
      }),
    )
    .overrideByName('k8s_namespace', [heading('Namespace')])
    .overrideByName('k8s_pod', [
      heading('Pod'),
      link('podatlas-traffic', 'Traffic of this pod', {
        namespace: cell('k8s_namespace'),
        pod: cell('k8s_pod'),
      }),
    ])
    .noValue('No violation')
}

function attempts() {
  return overTime({
    id: 6,
    title: 'Attempts',
    description:
      'Forbidden connections per second, opened or failed: a blocked attempt sends no byte.',
    width: 12,
    unit: 'cps',
  })
    .min(0)
    .withTarget(
      over(
        'A',
        sumBy('policy, country', inNamespace(series.violationConnections, ofPolicy)),
        '{{policy}} {{country}}',
      ),
    )
    .overrideByFieldType('number', [link('podatlas-tcp', 'Connections that fail')])
    .noValue('No attempt')
}

function allowedAndNot() {
  const sent = `sum(${inNamespace(series.transmitByCountry, 'country!="none"')})`
  // A byte that two policies forbid is one byte.
  const sentAgainst = inNamespace(series.violationBytes, ofPolicy, 'direction="transmit"')
  const forbidden = `sum(max without (policy) (${sentAgainst})) or vector(0)`
  return stackedOverTime({
    id: 7,
    title: 'Allowed and not',
    description:
      'Bytes per second sent to public addresses: what no policy forbids, and what one does.',
    width: 12,
    unit: 'Bps',
  })
    .withTarget(over('A', `${sent} - (${forbidden})`, 'allowed'))
    .withTarget(over('B', forbidden, 'forbidden'))
    .overrideByQuery('B', [{ id: 'color', value: { mode: 'fixed', fixedColor: 'red' } }])
    .overrideByFieldType('number', [link('podatlas-world', 'Where to')])
}

function alerts() {
  return states({
    id: 8,
    title: 'Alerts',
    description: 'When alerts of policies were pending and firing. A click leads to what to do.',
    width: 24,
    unit: 'short',
  })
    .withTarget(
      over(
        'A',
        'max by (alertname, policy, k8s_namespace, country, alertstate) (ALERTS{alertname=~"PodatlasGeofence.+"})',
        '{{alertname}} {{policy}} {{k8s_namespace}} {{country}} {{alertstate}}',
      ),
    )
    .mappings([
      {
        type: dashboard.MappingType.ValueToText,
        options: { 1: { text: 'alert', color: 'red', index: 0 } },
      },
    ])
    .overrideByFieldType('number', [toRunbook(line('alertname'))])
    .noValue('No alert in this time range')
}
