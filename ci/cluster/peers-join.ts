import { promql, type Row } from './running.ts'

/** Labels of podatlas_peer_info that say who owns an address. */
const ownerLabels = [
  'peer_kind',
  'peer_namespace',
  'peer_name',
  'peer_workload',
  'peer_workload_kind',
  'peer_zone',
  'peer_node',
] as const

/**
 * Bytes that the series sent which `matchers` select, by container and by who owns the address at
 * that time, in seconds since the epoch (default now).
 */
export async function bytesByOwner(matchers: string, timeS?: number): Promise<Row[]> {
  const owners = ownerLabels.join(', ')
  return await promql(
    `sum by (container_name, ${owners}) (podatlas_transmit_bytes_total{${matchers}}` +
      ` * on (cluster, destination_ip) group_left (${owners})` +
      ` topk by (cluster, destination_ip) (1, podatlas_peer_info))`,
    timeS,
  )
}
