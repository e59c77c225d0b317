import { graph, number } from './panels.ts'
import { cell, dashboardOf, linksFrom } from './parts.ts'
import { inCluster, inNamespace, rate, series, sumBy } from './queries.ts'
import { barCell, columns, heading, rows } from './tables.ts'
import { now } from './targets.ts'

const link = linksFrom('podatlas-peers')

/** Who talks to whom. */
export const peers = dashboardOf({
  uid: 'podatlas-peers',
  title: 'podatlas / Peers',
  description: 'Which namespaces, workloads and nodes talk to each other, and to the world.',
  rows: [
    { height: 16, panels: [mapOfNamespaces(), pairs()] },
    { height: 12, panels: [workloads(), unresolved()] },
  ],
})

function mapOfNamespaces() {
  // Processes of a host have no namespace, and an arrow needs both its ends.
  const named = `label_replace(${inNamespace(series.transmitByPeer)}, "k8s_namespace", "(host)", "k8s_namespace", "")`
  // Beyond some 200 arrows nobody sees anything.
  const edges = `topk(150, ${sumBy('k8s_namespace, peer', named)})`
  const ends = `label_replace(label_replace(${edges}, "source", "$1", "k8s_namespace", "(.+)"), "target", "$1", "peer", "(.+)")`
  const nodes = ['k8s_namespace', 'peer'].map(
    end => `label_replace(${edges}, "id", "$1", "${end}", "(.+)")`,
  )
  const asStat = { 'Value #nodes': 'mainstat', 'Value #edges': 'mainstat' }
  return graph({
    id: 1,
    title: 'Map of namespaces',
    description:
      'Bytes per second sent from namespace to namespace, to nodes, and to countries: the 150 largest. Sent bytes only, so that each byte is there once.',
    width: 15,
    unit: 'Bps',
  })
    .withTarget(now('nodes', sumBy('id', nodes.join(' or '))))
    .withTarget(now('edges', `label_join(${ends}, "id", "/", "k8s_namespace", "peer")`))
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, k8s_namespace: true, peer: true },
        renameByName: asStat,
      },
    })
    .overrideByQuery('nodes', [
      link('podatlas-traffic', 'Traffic of this namespace', { namespace: cell('id') }),
    ])
    .overrideByQuery('edges', [
      link('podatlas-traffic', 'Traffic of the sender', { namespace: cell('source') }),
    ])
    .noValue('Nothing was sent, or peers is off')
}

function pairs() {
  const sent = sumBy('k8s_namespace, peer', inNamespace(series.transmitByPeer))
  return rows({
    id: 2,
    title: 'Pairs',
    description:
      'The same as rows, the 100 largest. In parentheses is what has no namespace: (node), (private), (service) and the like.',
    width: 9,
    unit: 'Bps',
  })
    .withTarget(now('A', `topk(100, ${sent})`))
    .transformations(columns({ k8s_namespace: 'k8s_namespace', peer: 'Peer', Value: 'Sent' }))
    .overrideByName('k8s_namespace', [
      heading('Namespace'),
      link('podatlas-traffic', 'Traffic of this namespace', { namespace: cell('k8s_namespace') }),
    ])
    .overrideByName('Sent', barCell('sent'))
}

function workloads() {
  const sent = sumBy('cluster, k8s_namespace, k8s_pod, destination_ip', rate(series.transmitBytes))
  const owners = `topk by (cluster, destination_ip) (1, ${inCluster(series.peer, 'peer_namespace!=""')})`
  const joined = `${sent} * on (cluster, destination_ip) group_left (peer_namespace, peer_workload) ${owners}`
  const pair = 'k8s_namespace, k8s_pod, peer_namespace, peer_workload'
  return rows({
    id: 3,
    title: 'Workloads',
    description:
      'Bytes per second sent by a pod to the workloads and services of the cluster, the 100 largest.',
    width: 19,
    unit: 'Bps',
  })
    .withTarget(now('A', `topk(100, ${sumBy(pair, joined)})`))
    .transformations(
      columns({
        k8s_namespace: 'k8s_namespace',
        k8s_pod: 'k8s_pod',
        peer_namespace: 'Peer namespace',
        peer_workload: 'Peer workload',
        Value: 'Sent',
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
    .overrideByName('Sent', barCell('sent'))
}

function unresolved() {
  const all = inNamespace(series.transmitByPeer)
  const unknown = inNamespace(series.transmitByPeer, 'peer="unresolved"')
  return number({
    id: 4,
    title: 'Unresolved',
    description:
      'Share of the bytes sent to addresses of which nobody knows the owner or the place.',
    width: 5,
    unit: 'percentunit',
  })
    .max(1)
    .withTarget(now('A', `sum(${unknown}) / sum(${all})`))
    .overrideByFieldType('number', [link('podatlas-agent', 'Is the data right?')])
    .noValue('0%')
}
