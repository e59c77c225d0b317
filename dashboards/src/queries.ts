/** Names of what the agent and geoip export and what the rules record. A test holds them against their sources. */
export const series = {
  transmitBytes: 'podatlas_transmit_bytes_total',
  receiveBytes: 'podatlas_receive_bytes_total',
  connectionsOpened: 'podatlas_connections_opened_total',
  connectionsFailed: 'podatlas_connections_failed_total',
  geo: 'podatlas_geo_info',
  transmitByCountry: 'namespace_pod_country:podatlas_transmit_bytes:rate5m',
  receiveByCountry: 'namespace_pod_country:podatlas_receive_bytes:rate5m',
} as const

/** Filter of a series by every variable of the traffic dashboards, with further matchers. */
export function selected(name: string, ...matchers: string[]): string {
  const variables = [
    'cluster=~"$cluster"',
    'k8s_namespace=~"$namespace"',
    'k8s_pod=~"$pod"',
    'container_name=~"$container"',
  ]
  return `${name}{${[...variables, ...matchers].join(',')}}`
}

/** Per second, over the window that Grafana derives from the step and the data source's interval. */
export function rate(name: string, ...matchers: string[]): string {
  return `rate(${selected(name, ...matchers)}[$__rate_interval])`
}

/** Growth over the whole time range shown. */
export function total(name: string): string {
  return `increase(${selected(name)}[$__range])`
}

export function sumBy(labels: string, expr: string): string {
  return `sum by (${labels}) (${expr})`
}

/**
 * Info series of places, one for each address: two replicas or a reloaded database give several, and a join with those
 * would fail as a whole.
 */
export function places(...matchers: string[]): string {
  const filter = matchers.length > 0 ? `{${matchers.join(',')}}` : ''
  return `topk by (destination_ip) (1, ${series.geo}${filter})`
}
