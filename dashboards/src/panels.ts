import bargauge from '@grafana/grafana-foundation-sdk/bargauge'
import common from '@grafana/grafana-foundation-sdk/common'
import dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import piechart from '@grafana/grafana-foundation-sdk/piechart'
import prometheus from '@grafana/grafana-foundation-sdk/prometheus'
import stat from '@grafana/grafana-foundation-sdk/stat'
import statushistory from '@grafana/grafana-foundation-sdk/statushistory'
import table from '@grafana/grafana-foundation-sdk/table'
import timeseries from '@grafana/grafana-foundation-sdk/timeseries'
import { colours, datasource } from './parts.ts'

/** What every panel says of itself. Ids never change: links to a panel hold them. */
export type Face = { id: number; title: string; description: string; width: number; unit: string }

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

export function overTime(face: Face) {
  const legend = new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .calcs(['lastNotNull', 'mean', 'max'])
  return wear(new timeseries.PanelBuilder(), face)
    .legend(legend)
    .tooltip(manyTooltip())
    .lineWidth(1)
    .fillOpacity(10)
    .showPoints(common.VisibilityMode.Never)
    .thresholds(noThresholds())
}

/** Lines of both directions about zero: received above it, sent below. */
export function bothWays(face: Face, queries: { sent: string; received: string; legend: string }) {
  return overTime(face)
    .axisCenteredZero(true)
    .withTarget(over('A', queries.received, `${queries.legend} received`))
    .withTarget(over('B', queries.sent, `${queries.legend} sent`))
    .overrideByQuery('B', [{ id: 'custom.transform', value: 'negative-Y' }])
}

export function stackedOverTime(face: Face) {
  const normal = new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A')
  return overTime(face).min(0).fillOpacity(40).stacking(normal)
}

export function rows(face: Face) {
  return wear(new table.PanelBuilder(), face)
    .min(0)
    .filterable(true)
    .cellHeight(common.TableCellHeight.Sm)
    .thresholds(noThresholds())
}

/** A bar in the cell, as long as its share of the largest value. */
export function barCell(direction: keyof typeof colours) {
  return [
    { id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic' } },
    { id: 'color', value: { mode: 'fixed', fixedColor: colours[direction] } },
  ]
}

/** Puts the answers of several instant queries side by side, and names the columns in their order. */
export function columns(names: Readonly<Record<string, string>>, hidden: readonly string[] = []) {
  const excludeByName = Object.fromEntries(['Time', ...hidden].map(name => [name, true]))
  const indexByName = Object.fromEntries(Object.keys(names).map((name, index) => [name, index]))
  const renameByName = Object.fromEntries(
    Object.entries(names).filter(([name, shown]) => name !== shown),
  )
  return [
    { id: 'merge', options: {} },
    { id: 'organize', options: { excludeByName, indexByName, renameByName } },
  ]
}

export function share(face: Face) {
  return wear(new stat.PanelBuilder(), face)
    .min(0)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(lastValue())
    .thresholds(noThresholds())
}

export function slices(face: Face) {
  const legend = new piechart.PieChartLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Right)
    .values([piechart.PieChartLegendValues.Value, piechart.PieChartLegendValues.Percent])
  return wear(new piechart.PanelBuilder(), face)
    .min(0)
    .pieType(piechart.PieChartType.Donut)
    .reduceOptions(lastValue())
    .tooltip(manyTooltip())
    .legend(legend)
}

export function bars(face: Face) {
  return wear(new bargauge.PanelBuilder(), face)
    .min(0)
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .reduceOptions(lastValue())
    .thresholds(noThresholds())
}

export function stateHistory(face: Face) {
  const legend = new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
  return wear(new statushistory.PanelBuilder(), face)
    .min(0)
    .showValue(common.VisibilityMode.Never)
    .legend(legend)
    .tooltip(manyTooltip())
    .thresholds(noThresholds())
}

type AnyPanel = {
  id(id: number): unknown
  title(title: string): unknown
  description(description: string): unknown
  datasource(ref: typeof datasource): unknown
  unit(unit: string): unknown
  span(width: number): unknown
}

/** Gives a panel its face. The panel is returned as what it is, so that its own settings can follow. */
export function wear<Builder extends AnyPanel>(panel: Builder, face: Face): Builder {
  panel.id(face.id)
  panel.title(face.title)
  panel.description(face.description)
  panel.datasource(datasource)
  panel.unit(face.unit)
  panel.span(face.width)
  return panel
}

function query(refId: string, expr: string) {
  return new prometheus.DataqueryBuilder().refId(refId).datasource(datasource).expr(expr)
}

function lastValue() {
  return new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false)
}

function manyTooltip() {
  const tooltip = new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi)
  // oxlint-disable-next-line unicorn/no-array-sort -- a builder, no array
  return tooltip.sort(common.SortOrder.Descending)
}

/** Without it Grafana paints everything above 80 red, and 80 bytes a second mean nothing. */
function noThresholds() {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([{ value: null, color: 'green' }])
}
