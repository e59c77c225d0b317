/** Names of what the agent and the functions export and what the rules record. A test holds them against their sources. */
export const series = {
  transmitBytes: 'podatlas_transmit_bytes_total',
  receiveBytes: 'podatlas_receive_bytes_total',
  transmitDatagrams: 'podatlas_transmit_datagrams_total',
  receiveDatagrams: 'podatlas_receive_datagrams_total',
  connectionsOpened: 'podatlas_connections_opened_total',
  connectionsFailed: 'podatlas_connections_failed_total',
  connectionsReset: 'podatlas_connections_reset_total',
  retransmits: 'podatlas_tcp_retransmits_total',
  roundTripSum: 'podatlas_tcp_rtt_seconds_sum',
  roundTripCount: 'podatlas_tcp_rtt_seconds_count',
  roundTripMin: 'podatlas_tcp_rtt_min_seconds',
  geo: 'podatlas_geo_info',
  peer: 'podatlas_peer_info',
  node: 'podatlas_node_info',
  agent: 'podatlas_agent_info',
  lostBytes: 'podatlas_agent_lost_bytes_total',
  policy: 'podatlas_geofence_policy',
  transmitByContainer: 'namespace_pod_container:podatlas_transmit_bytes:rate5m',
  receiveByContainer: 'namespace_pod_container:podatlas_receive_bytes:rate5m',
  transmitByAddress: 'namespace_pod_ip:podatlas_transmit_bytes:rate5m',
  transmitByCountry: 'namespace_pod_country:podatlas_transmit_bytes:rate5m',
  receiveByCountry: 'namespace_pod_country:podatlas_receive_bytes:rate5m',
  violationBytes: 'namespace_pod_country:podatlas_geofence_violation_bytes:rate5m',
  violationConnections: 'namespace_pod_country:podatlas_geofence_violation_connections:rate5m',
  transmitByPeer: 'namespace_peer:podatlas_transmit_bytes:rate5m',
  transmitByZone: 'namespace_zone_zone:podatlas_transmit_bytes:rate5m',
  transmitByLocality: 'namespace_locality:podatlas_transmit_bytes:rate5m',
  costByLocality: 'namespace_locality:podatlas_cost_per_hour:rate5m',
} as const

/** The filters of the variables, from the whole to its parts. */
const filters = {
  cluster: 'cluster=~"$cluster"',
  namespace: 'k8s_namespace=~"$namespace"',
  pod: 'k8s_pod=~"$pod"',
  container: 'container_name=~"$container"',
}

/** Filter of a series by every variable of the traffic dashboards, with further matchers. */
export function selected(name: string, ...matchers: string[]): string {
  return matching(name, ...Object.values(filters), ...matchers)
}

/** Filter of a series by cluster alone: what it counts has no namespace, or all of them are shown. */
export function inCluster(name: string, ...matchers: string[]): string {
  return matching(name, filters.cluster, ...matchers)
}

export function inNamespace(name: string, ...matchers: string[]): string {
  return matching(name, filters.cluster, filters.namespace, ...matchers)
}

/** Matchers of `destination_ip` for what went over the series budget: into a network, or into "other". */
export const foldedAddress = 'destination_ip=~"other|.+/.+"'

/** Per second, over the window that Grafana derives from the step and the query's interval. */
export function rate(name: string, ...matchers: string[]): string {
  return rateOf(selected(name, ...matchers))
}

/** The same of a series that is filtered already. */
export function rateOf(selector: string): string {
  return `rate(${selector}[$__rate_interval])`
}

/** Growth over the whole time range shown. */
export function total(name: string): string {
  return totalOf(selected(name))
}

export function totalOf(selector: string): string {
  return `increase(${selector}[$__range])`
}

export function sumBy(labels: string, expr: string): string {
  return `sum by (${labels}) (${expr})`
}

/** The same set of lines over the whole time range: plain topk would let them flicker in and out. */
export function largestOverRange(count: number, labels: string, expr: string, ofRange: string) {
  const largest = `topk(${count}, ${sumBy(labels, ofRange)})`
  return `${sumBy(labels, expr)} and on (${labels}) ${largest}`
}

/**
 * Info series of places, one for each address: two replicas or a reloaded database give several, and a join with those
 * would fail as a whole.
 */
export function places(...matchers: string[]): string {
  return `topk by (destination_ip) (1, ${matching(series.geo, ...matchers)})`
}

function matching(name: string, ...matchers: string[]): string {
  return matchers.length > 0 ? `${name}{${matchers.join(',')}}` : name
}
