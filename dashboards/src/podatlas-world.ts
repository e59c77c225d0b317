import { bars, number, stackedOverTime } from './panels.ts'
import { cell, colours, dashboardOf, linksFrom } from './parts.ts'
import { inNamespace, largestOverRange, places, rate, series, sumBy } from './queries.ts'
import { barCell, columns, heading, rows, unit } from './tables.ts'
import { now, over, slice } from './targets.ts'
import { coordinatesAsNumbers, withoutTime, worldMap } from './world-map.ts'

const link = linksFrom('podatlas-world')
const ofCountry = 'country=~"$country"'
const sentByCountry = inNamespace(series.transmitByCountry, ofCountry)
const receivedByCountry = inNamespace(series.receiveByCountry, ofCountry)

/** Names of the two countries that are none. */
const specialCountries = {
  id: 'mappings',
  value: [
    {
      type: 'value',
      options: {
        none: { text: 'not public', index: 0 },
        unknown: { text: 'not placed', index: 1 },
      },
    },
  ],
}

/** Where in the world the traffic goes. */
export const world = dashboardOf({
  uid: 'podatlas-world',
  title: 'podatlas / World',
  description: 'Which places on Earth the pods talk to, and how much.',
  rows: [
    { height: 16, panels: [externalConnections()] },
    { height: 10, panels: [countries(), overTimeByCountry()] },
    { height: 9, panels: [networks(), newCountries(), notPlaced()] },
  ],
})

function externalConnections() {
  const sent = sumBy('destination_ip', rate(series.transmitBytes))
  const received = sumBy('destination_ip', rate(series.receiveBytes))
  const place = 'country, city, latitude, longitude'
  const located = places('latitude!=""', ofCountry)
  const joined = `(${sent} + ${received}) * on (destination_ip) group_left (${place}) ${located}`
  const face = {
    id: 1,
    title: 'External Connections',
    description:
      'Bytes per second, sent and received together, by city: the 500 largest. What has no place is in the table below.',
    width: 24,
    unit: 'Bps',
  }
  return worldMap(face, 'coordinates', colours.sent)
    .withTarget(now('A', `topk(500, ${sumBy(place, joined)})`))
    .withTransformation(coordinatesAsNumbers)
    .withTransformation(withoutTime)
    .overrideByFieldType('number', [link('podatlas-traffic', 'Who talks to this country')])
    .noValue('No public address in this time range')
}

function countries() {
  return rows({
    id: 2,
    title: 'Countries',
    description:
      'Bytes per second by country, and how many namespaces talk to it. "Not public" is what stays inside, "not placed" what the database does not know.',
    width: 12,
    unit: 'Bps',
  })
    .withTarget(now('A', sumBy('country', sentByCountry)))
    .withTarget(now('B', sumBy('country', receivedByCountry)))
    .withTarget(
      now('C', `count by (country) (count by (country, k8s_namespace) (${sentByCountry}))`),
    )
    .transformations(
      columns({
        country: 'country',
        'Value #A': 'Sent',
        'Value #B': 'Received',
        'Value #C': 'Namespaces',
      }),
    )
    .overrideByName('country', [
      heading('Country'),
      specialCountries,
      link('podatlas-world', 'Only this country', { country: cell('country') }),
    ])
    .overrideByName('Sent', barCell('sent'))
    .overrideByName('Received', barCell('received'))
    .overrideByName('Namespaces', unit('short'))
}

function overTimeByCountry() {
  const ofRange = `avg_over_time(${sentByCountry}[$__range] @ end())`
  return stackedOverTime({
    id: 3,
    title: 'Over time',
    description: 'Bytes per second sent to the ten countries that got most in this time range.',
    width: 12,
    unit: 'Bps',
  }).withTarget(over('A', largestOverRange(10, 'country', sentByCountry, ofRange), '{{country}}'))
}

function networks() {
  const owned = `${sumBy('destination_ip', rate(series.transmitBytes))} * on (destination_ip) group_left (as_name) ${places(ofCountry)}`
  return bars({
    id: 6,
    title: 'Networks',
    description:
      'Bytes per second sent, by the organisation that runs the network: the 15 largest.',
    width: 8,
    unit: 'Bps',
  })
    .withTarget(slice('A', `topk(15, ${sumBy('as_name', owned)})`, '{{as_name}}'))
    .noValue('No database of networks')
}

function newCountries() {
  const reached = inNamespace(series.transmitByCountry, 'country!="none"', ofCountry)
  const before = `last_over_time(${reached}[6d] offset 1d)`
  return rows({
    id: 4,
    title: 'New countries',
    description:
      'Countries that a namespace talks to now and did not talk to in the six days before yesterday. In the first week everything is new.',
    width: 12,
    unit: 'short',
  })
    .withTarget(now('A', `${countPods(reached)} unless ${countPods(before)}`))
    .transformations(columns({ k8s_namespace: 'k8s_namespace', country: 'Country', Value: 'Pods' }))
    .overrideByName('k8s_namespace', [
      heading('Namespace'),
      link('podatlas-traffic', 'Traffic of this namespace', { namespace: cell('k8s_namespace') }),
    ])
    .noValue('No new country')
}

function countPods(expr: string): string {
  return `count by (k8s_namespace, country) (group by (k8s_namespace, k8s_pod, country) (${expr}))`
}

function notPlaced() {
  const unknown = inNamespace(series.transmitByCountry, 'country="unknown"')
  const any = inNamespace(series.transmitByCountry, 'country!="none"')
  return number({
    id: 5,
    title: 'Not placed',
    description:
      'Share of the bytes sent to public addresses that the database does not know. A newer database places more.',
    width: 4,
    unit: 'percentunit',
  })
    .max(1)
    .withTarget(now('A', `sum(${unknown}) / sum(${any})`))
    .overrideByFieldType('number', [link('podatlas-agent', 'How old the database is')])
    .noValue('0%')
}
