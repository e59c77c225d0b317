import { escapeValue, gaugeHead, label } from '../program/exposition.ts'
import type { Owner } from './owner.ts'

export const peerInfoHead = gaugeHead(
  'podatlas_peer_info',
  'Always 1; the labels say who owns an address of the cluster now, for joins on cluster and destination_ip',
)

export const nodeInfoHead = gaugeHead(
  'podatlas_node_info',
  'Always 1; the labels say where a node is, for joins on cluster and source_host',
)

/** ` cluster="name",` or nothing; the first label of every line. */
export function clusterLabel(cluster: string): string {
  return label('cluster', cluster)
}

/** One line of podatlas_peer_info; unknown labels are absent. */
export function ownerLine(cluster: string, address: string, owner: Owner, zone: string): string {
  const { kind, namespace, name, workload, workloadKind, node } = owner
  return `podatlas_peer_info{${cluster}destination_ip="${address}",${label('peer_namespace', namespace)}${label('peer_name', name)}${label('peer_workload', workload)}${label('peer_workload_kind', workloadKind)}${label('peer_zone', zone)}${label('peer_node', node)}peer_kind="${kind}"} 1\n`
}

/** The same for an address, or a network of addresses, that nobody owns. */
export function strangerLine(cluster: string, address: string, kind: string, node: string): string {
  return `podatlas_peer_info{${cluster}destination_ip="${address}",${label('peer_node', node)}peer_kind="${kind}"} 1\n`
}

export function nodeLine(cluster: string, name: string, zone: string, region: string): string {
  return `podatlas_node_info{${cluster}${label('zone', zone)}${label('region', region)}source_host="${escapeValue(name)}"} 1\n`
}
