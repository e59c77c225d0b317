import dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { cell, dashboardOf, line, linksFrom } from './parts.ts'
import { bars, bothWays, number, overTime, slices, stateHistory } from './panels.ts'
import { foldedAddress, places, rate, selected, series, sumBy, total } from './queries.ts'
import { barCell, columns, heading, rows } from './tables.ts'
import { now, over, slice } from './targets.ts'

const link = linksFrom('podatlas-traffic')
const toPod = link('podatlas-traffic', 'Only this pod', { pod: line('k8s_pod') })
const container = 'k8s_pod, container_name'

/** Who sends and receives how much: by namespace, pod and container. */
export const traffic = dashboardOf({
  uid: 'podatlas-traffic',
  title: 'podatlas / Traffic',
  description: 'Bytes and connections of pods and containers, and the addresses they talk to.',
  rows: [
    {
      height: 9,
      panels: [
        totals(1, 'Total received', series.receiveBytes),
        totals(2, 'Total sent', series.transmitBytes),
      ],
    },
    { height: 10, panels: [podTraffic(), containerTraffic()] },
    { height: 10, panels: [peers()] },
    { height: 10, panels: [targets(), connections()] },
    {
      height: 9,
      panels: [
        ofProcesses(10, 'Process traffic by PID, received', series.receiveBytes),
        ofProcesses(11, 'Process traffic by PID, sent', series.transmitBytes),
      ],
    },
    { height: 8, panels: [ports(), datagrams(), folded()] },
  ],
})

function totals(id: number, title: string, name: string) {
  const largest = `topk(10, ${sumBy(container, total(name))})`
  return slices({
    id,
    title,
    description:
      'Bytes over the time range: the ten containers with most, and the others together.',
    width: 12,
    unit: 'bytes',
  })
    .withTarget(slice('A', largest, '{{k8s_pod}} {{container_name}}'))
    .withTarget(slice('B', `sum(${total(name)}) - sum(${largest})`, 'others'))
    .overrideByFieldType('number', [toPod])
}

function podTraffic() {
  return bothWays(
    {
      id: 3,
      title: 'Pod traffic',
      description:
        'Payload bytes per second by pod; sent below zero. Processes of the host have no pod.',
      width: 12,
      unit: 'Bps',
    },
    {
      sent: sumBy('k8s_pod', rate(series.transmitBytes)),
      received: sumBy('k8s_pod', rate(series.receiveBytes)),
      legend: '{{k8s_pod}}',
    },
  ).overrideByFieldType('number', [toPod])
}

function containerTraffic() {
  return bothWays(
    {
      id: 4,
      title: 'Container traffic',
      description: 'Payload bytes per second by container; sent below zero.',
      width: 12,
      unit: 'Bps',
    },
    {
      sent: sumBy(container, rate(series.transmitBytes)),
      received: sumBy(container, rate(series.receiveBytes)),
      legend: '{{k8s_pod}} {{container_name}}',
    },
  )
}

function peers() {
  const sent = `topk(100, ${sumBy('destination_ip', rate(series.transmitBytes))})`
  const received = `topk(100, ${sumBy('destination_ip', rate(series.receiveBytes))})`
  return rows({
    id: 5,
    title: 'Peers',
    description:
      'The addresses with most bytes per second, in either direction, and where they are. A network, and "other", are what went over the series budget.',
    width: 24,
    unit: 'Bps',
  })
    .withTarget(now('A', sent))
    .withTarget(now('B', received))
    .withTarget(
      now(
        'C',
        `max by (destination_ip, country, city) (${places()}) and on (destination_ip) (${sent} or ${received})`,
      ),
    )
    .transformations(
      columns(
        {
          destination_ip: 'destination_ip',
          country: 'country',
          city: 'City',
          'Value #A': 'Sent',
          'Value #B': 'Received',
        },
        ['Value #C'],
      ),
    )
    .overrideByName('destination_ip', [heading('Address'), link('podatlas-peers', 'Who owns it')])
    .overrideByName('country', [
      heading('Country'),
      link('podatlas-world', 'This country on the map', { country: cell('country') }),
    ])
    .overrideByName('Sent', barCell('sent'))
    .overrideByName('Received', barCell('received'))
}

function targets() {
  const opened = increased(series.connectionsOpened, '[$__rate_interval]')
  const failed = increased(series.connectionsFailed, '[$__rate_interval]')
  // 1 for opened, 2 for failed, 3 for both.
  const states = eitherOrBoth(`${opened} > bool 0`, `2 * (${failed} > bool 0)`)
  const all = eitherOrBoth(
    increased(series.connectionsOpened, '[$__range] @ end()'),
    increased(series.connectionsFailed, '[$__range] @ end()'),
  )
  return stateHistory({
    id: 6,
    title: 'Targets',
    description:
      'The 30 addresses with most connections in this time range: opened, failed, or both.',
    width: 12,
    unit: 'short',
  })
    .withTarget(
      over('A', `${states} and on (destination_ip) topk(30, ${all})`, '{{destination_ip}}'),
    )
    .overrideByFieldType('number', [link('podatlas-tcp', 'Why it fails')])
    .mappings([
      {
        type: dashboard.MappingType.ValueToText,
        options: {
          0: { text: 'idle', color: 'transparent', index: 0 },
          1: { text: 'ok', color: 'green', index: 1 },
          2: { text: 'failing', color: 'red', index: 2 },
          3: { text: 'ok and failing', color: 'orange', index: 3 },
        },
      },
    ])
}

/** Their sum by address. Most addresses have no failure and so no such series: a plus would drop them. */
function eitherOrBoth(opened: string, failed: string): string {
  const apart = `label_replace(${opened}, "of", "opened", "", "") or label_replace(${failed}, "of", "failed", "", "")`
  return sumBy('destination_ip', apart)
}

function increased(name: string, range: string): string {
  return sumBy('destination_ip', `increase(${selected(name)}${range})`)
}

function connections() {
  return overTime({
    id: 7,
    title: 'Connections',
    description:
      'Connections opened, attempts that failed, and connections broken off, per second.',
    width: 12,
    unit: 'cps',
  })
    .min(0)
    .withTarget(over('A', `sum(${rate(series.connectionsOpened)})`, 'opened'))
    .withTarget(over('B', `sum(${rate(series.connectionsFailed)}) or vector(0)`, 'failed'))
    .withTarget(over('C', `sum(${rate(series.connectionsReset)}) or vector(0)`, 'reset'))
    .overrideByFieldType('number', [link('podatlas-tcp', 'Why they fail')])
}

function ofProcesses(id: number, title: string, name: string) {
  const process = 'container_name, process_pid, process_cmd'
  return overTime({
    id,
    title,
    description: 'Payload bytes per second by process, with its number on the host.',
    width: 12,
    unit: 'Bps',
  })
    .min(0)
    .withTarget(
      over(
        'A',
        sumBy(process, rate(name, 'process_pid!=""')),
        '{{container_name}} {{process_cmd}} {{process_pid}}',
      ),
    )
    .noValue('Processes are not told apart: set agent.processes.enabled to true')
}

function ports() {
  return bars({
    id: 8,
    title: 'Ports',
    description: 'Bytes per second sent, by port of the service, whichever end it is on.',
    width: 10,
    unit: 'Bps',
  }).withTarget(
    slice(
      'A',
      `topk(15, ${sumBy('protocol, destination_port', rate(series.transmitBytes))})`,
      '{{protocol}} {{destination_port}}',
    ),
  )
}

function datagrams() {
  return bothWays(
    {
      id: 12,
      title: 'Datagrams',
      description: 'UDP datagrams per second by pod; sent below zero.',
      width: 8,
      unit: 'cps',
    },
    {
      sent: sumBy('k8s_pod', rate(series.transmitDatagrams)),
      received: sumBy('k8s_pod', rate(series.receiveDatagrams)),
      legend: '{{k8s_pod}}',
    },
  )
    .overrideByFieldType('number', [toPod])
    .noValue('No datagram')
}

function folded() {
  return number({
    id: 9,
    title: 'Folded',
    description:
      'Share of the bytes sent whose address was folded into its network or into "other", because the node has more series than its budget (agent.series.budget).',
    width: 6,
    unit: 'percentunit',
  })
    .max(1)
    .withTarget(
      now(
        'A',
        `sum(${rate(series.transmitBytes, foldedAddress)}) / sum(${rate(series.transmitBytes)})`,
      ),
    )
    .overrideByFieldType('number', [link('podatlas-agent', 'How much is folded where')])
    .noValue('0%')
}
