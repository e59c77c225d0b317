import type bargauge from '@grafana/grafana-foundation-sdk/bargauge'
import type dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import type geomap from '@grafana/grafana-foundation-sdk/geomap'
import type nodegraph from '@grafana/grafana-foundation-sdk/nodegraph'
import type piechart from '@grafana/grafana-foundation-sdk/piechart'
import type prometheus from '@grafana/grafana-foundation-sdk/prometheus'
import type stat from '@grafana/grafana-foundation-sdk/stat'
import type statetimeline from '@grafana/grafana-foundation-sdk/statetimeline'
import type statushistory from '@grafana/grafana-foundation-sdk/statushistory'
import type table from '@grafana/grafana-foundation-sdk/table'
import type timeseries from '@grafana/grafana-foundation-sdk/timeseries'

// What grafana-schema.ts makes JSON schemas from. Grafana's own types leave open what depends on the type of a panel.

type Target = Omit<prometheus.Dataquery, '_implementsDataqueryVariant' | 'refId'> & {
  refId: string
}

type FieldConfigOf<Custom> = Omit<dashboard.FieldConfigSource, 'defaults'> & {
  defaults: Omit<dashboard.FieldConfig, 'custom'> & { custom?: Custom }
}

type PanelOf<Type extends string, Options, Custom = Record<string, never>> = Omit<
  dashboard.Panel,
  'type' | 'options' | 'fieldConfig' | 'targets'
> & {
  type: Type
  options: Options
  fieldConfig: FieldConfigOf<Custom>
  targets: Target[]
}

/** A dashboard without its panels. */
export type Frame = Omit<dashboard.Dashboard, 'panels'> & { panels: never[] }
export type Timeseries = PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>
export type Table = PanelOf<'table', table.Options, table.FieldConfig>
export type Stat = PanelOf<'stat', stat.Options>
export type Bargauge = PanelOf<'bargauge', bargauge.Options>
export type Piechart = PanelOf<'piechart', piechart.Options, piechart.FieldConfig>
export type Geomap = PanelOf<'geomap', geomap.Options>
export type NodeGraph = PanelOf<'nodeGraph', nodegraph.Options>
export type StatusHistory = PanelOf<
  'status-history',
  statushistory.Options,
  statushistory.FieldConfig
>
export type StateTimeline = PanelOf<
  'state-timeline',
  statetimeline.Options,
  statetimeline.FieldConfig
>
