import { dashboardOf, drillDown, filter } from './parts.ts'
import { barCell, columns, now, over, rows, share, stackedOverTime } from './panels.ts'
import { places, rate, series, sumBy } from './queries.ts'
import { coordinatesAsNumbers, worldMap } from './world-map.ts'

const byCountry = 'cluster=~"$cluster",k8s_namespace=~"$namespace"'
const sentByCountry = `${series.transmitByCountry}{${byCountry},country=~"$country"}`
const receivedByCountry = `${series.receiveByCountry}{${byCountry},country=~"$country"}`

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
  extra: [filter('country', 'Country', `label_values(${series.transmitByCountry}, country)`)],
  rows: [
    { height: 16, panels: [externalConnections()] },
    { height: 10, panels: [countries(), overTimeByCountry()] },
    { height: 8, panels: [newCountries(), notPlaced()] },
  ],
})

function externalConnections() {
  const sent = sumBy('destination_ip', rate(series.transmitBytes))
  const received = sumBy('destination_ip', rate(series.receiveBytes))
  const place = 'country, city, latitude, longitude'
  const located = places('latitude!=""', 'country=~"$country"')
  const joined = `(${sent} + ${received}) * on (destination_ip) group_left (${place}) ${located}`
  return worldMap({
    id: 1,
    title: 'External Connections',
    description:
      'Bytes per second, sent and received together, by city: the 500 largest. What has no place is in the table below.',
    width: 24,
    unit: 'Bps',
  })
    .withTarget(now('A', `topk(500, ${sumBy(place, joined)})`))
    .withTransformation(coordinatesAsNumbers)
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true } } })
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
      { id: 'displayName', value: 'Country' },
      specialCountries,
      drillDown('Only this country', 'podatlas-world', { country: 'country' }),
    ])
    .overrideByName('Sent', barCell('sent'))
    .overrideByName('Received', barCell('received'))
    .overrideByName('Namespaces', [{ id: 'unit', value: 'short' }])
}

function overTimeByCountry() {
  const largest = `topk(10, ${sumBy('country', `avg_over_time(${sentByCountry}[$__range] @ end())`)})`
  return stackedOverTime({
    id: 3,
    title: 'Sent over time',
    description: 'Bytes per second sent to the ten countries that got most in this time range.',
    width: 12,
    unit: 'Bps',
  }).withTarget(
    over('A', `${sumBy('country', sentByCountry)} and on (country) ${largest}`, '{{country}}'),
  )
}

function newCountries() {
  const reached = `${series.transmitByCountry}{${byCountry},country!="none"}`
  const before = `last_over_time(${reached}[6d] offset 1d)`
  return rows({
    id: 4,
    title: 'New countries',
    description:
      'Countries that a namespace talks to now and did not talk to in the six days before yesterday. In the first week everything is new.',
    width: 18,
    unit: 'short',
  })
    .withTarget(now('A', `${countPods(reached)} unless ${countPods(before)}`))
    .transformations(columns({ k8s_namespace: 'k8s_namespace', country: 'Country', Value: 'Pods' }))
    .overrideByName('k8s_namespace', [
      { id: 'displayName', value: 'Namespace' },
      drillDown('Traffic of this namespace', 'podatlas-traffic', { namespace: 'k8s_namespace' }),
    ])
    .noValue('No new country')
}

function countPods(expr: string): string {
  return `count by (k8s_namespace, country) (group by (k8s_namespace, k8s_pod, country) (${expr}))`
}

function notPlaced() {
  const unknown = `${series.transmitByCountry}{${byCountry},country="unknown"}`
  const any = `${series.transmitByCountry}{${byCountry},country!="none"}`
  return share({
    id: 5,
    title: 'Not placed',
    description:
      'Share of the bytes sent to public addresses that the database does not know. A newer database places more.',
    width: 6,
    unit: 'percentunit',
  })
    .max(1)
    .withTarget(now('A', `sum(${unknown}) / sum(${any})`))
    .noValue('0%')
}
