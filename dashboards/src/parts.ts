import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { series } from './queries.ts'

/** The data source that the reader picks: every panel, target and variable names this variable. */
export const datasource = { type: 'prometheus', uid: '${datasource}' }

/** One colour for a direction, everywhere. */
export const colours = { sent: 'orange', received: 'blue' } as const

/** Width of the grid that panels lie on. */
const gridWidth = 24

/** Panels side by side; their widths come from `span` and add up to 24. */
export type Row = { readonly height: number; readonly panels: readonly Builder<Panel>[] }

/** A dashboard as all of ours are: variables, links, time range and refresh; `extra` variables come last. */
export function dashboardOf(parts: {
  uid: string
  title: string
  description: string
  rows: readonly Row[]
  extra?: readonly Builder<dashboard.VariableModel>[]
}): Dashboard {
  const builder = new dashboard.DashboardBuilder(parts.title)
    .uid(parts.uid)
    .id(null)
    .description(parts.description)
    .tags(['podatlas'])
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .refresh('1m')
    .link(
      new dashboard.DashboardLinkBuilder('podatlas')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(['podatlas'])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
    .variables([...variables(), ...(parts.extra ?? [])])
  const { links = [], ...rest } = builder.build()
  // The SDK would hide the links in a menu.
  const shown = links.map(({ placement: _hidden, ...link }) => link)
  // What Grafana 10.4 writes: newer ones convert it when they load it, older ones warn about 42.
  return { ...rest, links: shown, schemaVersion: 39, panels: placed(parts.rows) }
}

/** A filter that may hold several values or all; its values depend on the filters that its query names. */
export function filter(name: string, label: string, query: string) {
  const variable = new dashboard.QueryVariableBuilder(name).label(label).datasource(datasource)
  // oxlint-disable-next-line unicorn/no-array-sort -- a builder, no array
  variable.sort(dashboard.VariableSort.AlphabeticalAsc)
  return variable
    .query(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*') // Host processes have no namespace, and .* matches its absence too.
    .current({ selected: true, text: ['All'], value: ['$__all'] })
}

/** Link to a dashboard of ours that keeps the time range and sets variables to fields of the row clicked. */
export function drillDown(title: string, uid: string, fields: Readonly<Record<string, string>>) {
  const set = Object.entries(fields).map(
    ([variable, field]) => `var-${variable}=\${__data.fields.${field}}`,
  )
  return {
    id: 'links',
    value: [{ title, url: `/d/${uid}?\${__url_time_range}&${set.join('&')}` }],
  }
}

function variables() {
  const sent = series.transmitBytes
  const inCluster = 'cluster=~"$cluster"'
  const inNamespace = `${inCluster},k8s_namespace=~"$namespace"`
  const inPod = `${inNamespace},k8s_pod=~"$pod"`
  return [
    new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    filter('cluster', 'Cluster', `label_values(${sent}, cluster)`),
    filter('namespace', 'Namespace', `label_values(${sent}{${inCluster}}, k8s_namespace)`),
    filter('pod', 'Pod', `label_values(${sent}{${inNamespace}}, k8s_pod)`),
    filter('container', 'Container', `label_values(${sent}{${inPod}}, container_name)`),
  ]
}

function placed(rows: readonly Row[]): Panel[] {
  const panels: Panel[] = []
  let y = 0
  for (const row of rows) {
    let x = 0
    for (const builder of row.panels) {
      const panel = builder.build()
      const w = panel.gridPos?.w ?? gridWidth
      panels.push({ ...panel, gridPos: { x, y, w, h: row.height } })
      x += w
    }
    if (x !== gridWidth) throw new Error(`a row of panels is ${x} wide, not ${gridWidth}`)
    y += row.height
  }
  return panels
}
