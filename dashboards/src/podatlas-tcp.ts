import { bars, overTime, stateHistory } from './panels.ts'
import { dashboardOf, line, linksFrom } from './parts.ts'
import { inCluster, places, rate, rateOf, selected, series, sumBy } from './queries.ts'
import { columns, rows, unit } from './tables.ts'
import { now, over, slice } from './targets.ts'

const link = linksFrom('podatlas-tcp')
const toPod = link('podatlas-traffic', 'Traffic of this pod', { pod: line('k8s_pod') })

/** How well connections go: round-trip times, retransmits, failures. */
export const tcp = dashboardOf({
  uid: 'podatlas-tcp',
  title: 'podatlas / TCP',
  description: 'Round-trip times, retransmits, failed and broken connections.',
  rows: [
    { height: 9, panels: [roundTrips(), leastRoundTrips(), roundTripsByCountry()] },
    { height: 9, panels: [retransmits(), retransmitsPerMebibyte(), byNode()] },
    { height: 9, panels: [failed(), failures(), resets()] },
    { height: 11, panels: [worstPeers()] },
  ],
})

function roundTrips() {
  return overTime({
    id: 1,
    title: 'Round-trip time by pod',
    description: "Mean of the kernel's smoothed round-trip times of the pod's connections.",
    width: 8,
    unit: 's',
  })
    .min(0)
    .withTarget(over('A', meanRoundTrip('k8s_pod'), '{{k8s_pod}}'))
    .overrideByFieldType('number', [toPod])
}

function leastRoundTrips() {
  return overTime({
    id: 2,
    title: 'Smallest round-trip time by pod',
    description: 'Smallest round-trip time of any connection: the distance, without queues.',
    width: 8,
    unit: 's',
  })
    .min(0)
    .withTarget(over('A', `min by (k8s_pod) (${selected(series.roundTripMin)})`, '{{k8s_pod}}'))
    .overrideByFieldType('number', [toPod])
}

function roundTripsByCountry() {
  return bars({
    id: 3,
    title: 'Round-trip time by country',
    description: 'Mean round-trip time to public addresses, by their country.',
    width: 8,
    unit: 's',
  })
    .withTarget(
      slice(
        'A',
        `${byCountry(series.roundTripSum)} / (${byCountry(series.roundTripCount)} > 0)`,
        '{{country}}',
      ),
    )
    .overrideByFieldType('number', [
      link('podatlas-world', 'Only this country', { country: line('country') }),
    ])
    .noValue('No public address')
}

function byCountry(name: string): string {
  return sumBy(
    'country',
    `${sumBy('destination_ip', rate(name))} * on (destination_ip) group_left (country) ${places()}`,
  )
}

function retransmits() {
  return overTime({
    id: 4,
    title: 'Retransmits',
    description: 'Segments sent again, per second, by pod.',
    width: 8,
    unit: 'cps',
  })
    .min(0)
    .withTarget(over('A', sumBy('k8s_pod', rate(series.retransmits)), '{{k8s_pod}}'))
    .overrideByFieldType('number', [toPod])
    .noValue('No retransmit')
}

function retransmitsPerMebibyte() {
  const sent = sumBy('k8s_pod', rate(series.transmitBytes, 'protocol="tcp"'))
  return overTime({
    id: 5,
    title: 'Retransmits per MiB sent',
    description: 'Segments sent again for each MiB: comparable between pods of any size.',
    width: 8,
    unit: 'short',
  })
    .min(0)
    .withTarget(
      over(
        'A',
        `${sumBy('k8s_pod', rate(series.retransmits))} / (${sent} / 1048576 > 0)`,
        '{{k8s_pod}}',
      ),
    )
    .overrideByFieldType('number', [toPod])
    .noValue('No retransmit')
}

function byNode() {
  return stateHistory({
    id: 6,
    title: 'By node',
    description: 'Segments sent again, per second, by node: a bad link shows as one row.',
    width: 8,
    unit: 'cps',
  })
    .withTarget(
      over('A', sumBy('source_host', rateOf(inCluster(series.retransmits))), '{{source_host}}'),
    )
    .overrideByFieldType('number', [
      { id: 'color', value: { mode: 'continuous-GrYlRd' } },
      link('podatlas-agent', 'The agents'),
    ])
    .noValue('No retransmit')
}

function failed() {
  const opened = sumBy('k8s_pod', rate(series.connectionsOpened))
  const refused = sumBy('k8s_pod', rate(series.connectionsFailed))
  // A pod may have opened none, or failed none: then there is no such series, and a plus would drop it.
  const all = `label_replace(${opened}, "of", "opened", "", "") or label_replace(${refused}, "of", "failed", "", "")`
  return overTime({
    id: 7,
    title: 'Failed connections',
    description: 'Share of connections that could not be established, by pod.',
    width: 8,
    unit: 'percentunit',
  })
    .min(0)
    .max(1)
    .withTarget(over('A', `${refused} / (${sumBy('k8s_pod', all)} > 0)`, '{{k8s_pod}}'))
    .overrideByFieldType('number', [toPod])
    .noValue('No failure')
}

function failures() {
  return overTime({
    id: 8,
    title: 'Failures by reason',
    description: 'Connections per second that could not be established, by reason.',
    width: 8,
    unit: 'cps',
  })
    .min(0)
    .withTarget(over('A', sumBy('reason', rate(series.connectionsFailed)), '{{reason}}'))
    .noValue('No failure')
}

function resets() {
  return overTime({
    id: 9,
    title: 'Resets',
    description: 'Connections per second that were broken off, by pod and by which end.',
    width: 8,
    unit: 'cps',
  })
    .min(0)
    .withTarget(
      over('A', sumBy('k8s_pod, by', rate(series.connectionsReset)), '{{k8s_pod}} by {{by}} end'),
    )
    .overrideByFieldType('number', [toPod])
    .noValue('No reset')
}

function worstPeers() {
  const peer = 'destination_ip, destination_port'
  const most = (name: string) => `topk(50, ${sumBy(peer, rate(name))} > 0)`
  return rows({
    id: 10,
    title: 'Worst peers',
    description:
      'The 50 services with most retransmits, most failures, and slowest answers in the network. Most are in one list only.',
    width: 24,
    unit: 'cps',
  })
    .withTarget(now('A', most(series.retransmits)))
    .withTarget(now('B', most(series.connectionsFailed)))
    .withTarget(now('C', `topk(50, ${meanRoundTrip(peer)})`))
    .transformations(
      columns({
        destination_ip: 'Address',
        destination_port: 'Port',
        'Value #A': 'Retransmits',
        'Value #B': 'Failed',
        'Value #C': 'Round-trip time',
      }),
    )
    .overrideByName('Address', [link('podatlas-traffic', 'All traffic')])
    .overrideByName('Round-trip time', unit('s'))
}

function meanRoundTrip(labels: string): string {
  const [sum, count] = [series.roundTripSum, series.roundTripCount].map(name =>
    sumBy(labels, rate(name)),
  )
  return `${sum} / (${count} > 0)`
}
