import prometheus from '@grafana/grafana-foundation-sdk/prometheus'
import { datasource } from './parts.ts'

/** A query over the time range; `legend` names the lines, such as `{{k8s_pod}}`. */
export function over(refId: string, expr: string, legend: string) {
  return query(refId, expr).legendFormat(legend).range()
}

/** A query of this moment, as rows with one column for each label. */
export function now(refId: string, expr: string) {
  return query(refId, expr).format(prometheus.PromQueryFormat.Table).instant()
}

/** A query of this moment, one value for each legend. */
export function slice(refId: string, expr: string, legend: string) {
  return query(refId, expr).legendFormat(legend).instant()
}

/**
 * Time between two samples, of which Grafana makes the smallest step and the window of rates. It stands in each query, as that of
 * the data source is about all that its Prometheus scrapes, and a Grafana learns of another one by a restart only. The chart puts
 * the longer of agent.interval and prometheus.scrapeInterval in its place.
 */
const interval = '10s'

function query(refId: string, expr: string) {
  const target = new prometheus.DataqueryBuilder().refId(refId).datasource(datasource)
  return target.expr(expr).interval(interval)
}
