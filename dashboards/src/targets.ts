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

function query(refId: string, expr: string) {
  return new prometheus.DataqueryBuilder().refId(refId).datasource(datasource).expr(expr)
}
