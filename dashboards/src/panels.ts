import bargauge from '@grafana/grafana-foundation-sdk/bargauge'
import common from '@grafana/grafana-foundation-sdk/common'
import dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import nodegraph from '@grafana/grafana-foundation-sdk/nodegraph'
import piechart from '@grafana/grafana-foundation-sdk/piechart'
import stat from '@grafana/grafana-foundation-sdk/stat'
import statetimeline from '@grafana/grafana-foundation-sdk/statetimeline'
import statushistory from '@grafana/grafana-foundation-sdk/statushistory'
import timeseries from '@grafana/grafana-foundation-sdk/timeseries'
import { datasource } from './parts.ts'
import { over } from './targets.ts'

/** What every panel says of itself. Ids never change: links to a panel hold them. */
export type Face = { id: number; title: string; description: string; width: number; unit: string }

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

/** One number of this moment. */
export function number(face: Face) {
  return wear(new stat.PanelBuilder(), face)
    .min(0)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(lastValue())
    .thresholds(noThresholds())
}

/** One number that is bad from `red` on. */
export function alarm(face: Face, red: number) {
  return number(face).colorMode(common.BigValueColorMode.Value).thresholds(redFrom(red))
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

/** One cell per step and line, coloured by value. */
export function stateHistory(face: Face) {
  return wear(new statushistory.PanelBuilder(), face)
    .min(0)
    .showValue(common.VisibilityMode.Never)
    .legend(listLegend())
    .tooltip(manyTooltip())
    .thresholds(noThresholds())
}

/** Like it, with equal neighbours drawn as one. */
export function states(face: Face) {
  return wear(new statetimeline.PanelBuilder(), face)
    .min(0)
    .showValue(common.VisibilityMode.Never)
    .mergeValues(true)
    .legend(listLegend())
    .tooltip(manyTooltip())
    .thresholds(noThresholds())
}

/** Circles and arrows: a query `nodes` with a column id, and one `edges` with columns id, source and target. */
export function graph(face: Face) {
  return wear(new nodegraph.PanelBuilder(), face)
    .min(0)
    .nodes(new nodegraph.NodeOptionsBuilder().mainStatUnit(face.unit))
    .edges(new nodegraph.EdgeOptionsBuilder().mainStatUnit(face.unit))
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

function lastValue() {
  return new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false)
}

function manyTooltip() {
  const tooltip = new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi)
  // oxlint-disable-next-line unicorn/no-array-sort -- a builder, no array
  return tooltip.sort(common.SortOrder.Descending)
}

function listLegend() {
  return new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
}

function redFrom(value: number) {
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps([
    { value: null, color: 'green' },
    { value, color: 'red' },
  ])
}

/** Without it Grafana paints everything above 80 red, and 80 bytes a second mean nothing. */
export function noThresholds() {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([{ value: null, color: 'green' }])
}
