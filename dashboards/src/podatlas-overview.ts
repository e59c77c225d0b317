import { alarm, bothWays, number } from './panels.ts'
import { cell, colours, dashboardOf, line, linksFrom, toRunbook } from './parts.ts'
import { inCluster, rateOf, series, sumBy } from './queries.ts'
import { barCell, columns, heading, rows, unit } from './tables.ts'
import { now } from './targets.ts'
import { withoutTime, worldMap } from './world-map.ts'

const link = linksFrom('podatlas-overview')
const outside = inCluster(series.transmitByCountry, 'country!="none"')
const placed = inCluster(series.transmitByCountry, 'country!="none"', 'country!="unknown"')
const sentByNamespace = sumBy('k8s_namespace', inCluster(series.transmitByContainer))
const receivedByNamespace = sumBy('k8s_namespace', inCluster(series.receiveByContainer))

/** The whole cluster in one screen: how much, where to, and whether something is wrong. */
export const overview = dashboardOf({
  uid: 'podatlas-overview',
  title: 'podatlas / Overview',
  description: 'What the cluster sends and receives, where in the world, and what needs a look.',
  rows: [
    {
      height: 4,
      panels: [
        throughput(1, 'Sent', series.transmitBytes),
        throughput(2, 'Received', series.receiveBytes),
        toTheInternet(),
        countriesReached(),
        violationsNow(),
        nodesReporting(),
        bytesLost(),
      ],
    },
    { height: 10, panels: [trafficByNamespace(), namespaces()] },
    { height: 14, panels: [theWorld(), alerts()] },
  ],
})

function throughput(id: number, title: string, name: string) {
  return number({
    id,
    title,
    description:
      'Payload bytes per second of all pods and hosts. A byte between two pods is in both.',
    width: 4,
    unit: 'Bps',
  })
    .withTarget(now('A', `sum(${rateOf(inCluster(name))})`))
    .overrideByFieldType('number', [link('podatlas-traffic', 'Who sends and receives')])
}

function toTheInternet() {
  return number({
    id: 3,
    title: 'To the internet',
    description: 'Payload bytes per second sent to public addresses.',
    width: 4,
    unit: 'Bps',
  })
    .withTarget(now('A', `sum(${outside})`))
    .overrideByFieldType('number', [link('podatlas-world', 'Where to')])
    .noValue('Nothing')
}

function countriesReached() {
  return number({
    id: 4,
    title: 'Countries reached',
    description: 'Countries that something was sent to in the last five minutes.',
    width: 3,
    unit: 'short',
  })
    .withTarget(now('A', `count(count by (country) (${placed} > 0))`))
    .overrideByFieldType('number', [link('podatlas-world', 'Which ones')])
    .noValue('0')
}

function violationsNow() {
  return alarm(
    {
      id: 5,
      title: 'Violations now',
      description: 'Pods, countries and directions of traffic that a geofence policy forbids.',
      width: 3,
      unit: 'short',
    },
    1,
  )
    .withTarget(now('A', `count(${inCluster(series.violationBytes)}) or vector(0)`))
    .overrideByFieldType('number', [link('podatlas-geofence', 'Which ones')])
}

function nodesReporting() {
  const agents = `count by (cluster, source_host) (${inCluster(series.agent)})`
  const nodes = `count by (cluster, source_host) (${inCluster(series.node)})`
  return number({
    id: 6,
    title: 'Nodes reporting',
    description:
      'Share of the nodes of the cluster whose agent reports. The others are blind spots.',
    width: 3,
    unit: 'percentunit',
  })
    .max(1)
    .withTarget(now('A', `count(${agents}) / count(${nodes})`))
    .overrideByFieldType('number', [link('podatlas-agent', 'Which ones')])
    .noValue('peers is off')
}

function bytesLost() {
  return alarm(
    {
      id: 7,
      title: 'Bytes lost, last day',
      description: 'Counted by the kernel and in no series: sums are too low by these.',
      width: 3,
      unit: 'bytes',
    },
    1,
  )
    .withTarget(now('A', `sum(increase(${inCluster(series.lostBytes)}[1d])) or vector(0)`))
    .overrideByFieldType('number', [link('podatlas-agent', 'Why')])
}

function trafficByNamespace() {
  return bothWays(
    {
      id: 8,
      title: 'Traffic by namespace',
      description: 'Payload bytes per second by namespace; sent below zero.',
      width: 14,
      unit: 'Bps',
    },
    { sent: sentByNamespace, received: receivedByNamespace, legend: '{{k8s_namespace}}' },
  ).overrideByFieldType('number', [
    link('podatlas-traffic', 'Traffic of this namespace', { namespace: line('k8s_namespace') }),
  ])
}

function namespaces() {
  const countries = `count by (k8s_namespace) (count by (k8s_namespace, country) (${outside}))`
  return rows({
    id: 9,
    title: 'Namespaces',
    description: 'Payload bytes per second by namespace, and how many countries it talks to.',
    width: 10,
    unit: 'Bps',
  })
    .withTarget(now('A', sentByNamespace))
    .withTarget(now('B', receivedByNamespace))
    .withTarget(now('C', countries))
    .transformations(
      columns({
        k8s_namespace: 'k8s_namespace',
        'Value #A': 'Sent',
        'Value #B': 'Received',
        'Value #C': 'Countries',
      }),
    )
    .overrideByName('k8s_namespace', [
      heading('Namespace'),
      link('podatlas-traffic', 'Traffic of this namespace', { namespace: cell('k8s_namespace') }),
    ])
    .overrideByName('Sent', barCell('sent'))
    .overrideByName('Received', barCell('received'))
    .overrideByName('Countries', unit('short'))
}

function theWorld() {
  const face = {
    id: 10,
    title: 'The world',
    description:
      'Payload bytes per second sent, by country. All countries are in the dashboard World.',
    width: 16,
    unit: 'Bps',
  }
  return worldMap(face, 'country', colours.sent)
    .withTarget(now('A', sumBy('country', placed)))
    .withTransformation(withoutTime)
    .overrideByFieldType('number', [
      link('podatlas-world', 'Only this country', { country: cell('country') }),
    ])
    .noValue('No public address in this time range')
}

function alerts() {
  const firing = 'ALERTS{alertname=~"Podatlas.+",alertstate="firing"}'
  return rows({
    id: 11,
    title: 'Alerts',
    description:
      'Alerts of podatlas that fire. A click leads to what each means and how to mend it.',
    width: 8,
    unit: 'short',
  })
    .withTarget(now('A', `count by (alertname, severity) (${firing})`))
    .transformations(columns({ alertname: 'alertname', severity: 'Severity', Value: 'Firing' }))
    .overrideByName('alertname', [
      heading('Alert'),
      toRunbook(cell('alertname'), link('podatlas-agent', 'Is the data right?')),
    ])
    .noValue('No alert fires')
}
