import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { inCluster, inNamespace, series } from './queries.ts'

/** The data source that the reader picks: every panel, target and variable names this variable. */
export const datasource = { type: 'prometheus', uid: '${datasource}' }

/** One colour for a direction, everywhere. */
export const colours = { sent: 'orange', received: 'blue' } as const

/** Width of the grid that panels lie on. */
const gridWidth = 24

/** Panels side by side; their widths come from `span` and add up to 24. */
export type Row = { readonly height: number; readonly panels: readonly Builder<Panel>[] }

/** The filters of each dashboard, in the order in which each narrows those after it. */
const filtersOf = {
  'podatlas-overview': ['cluster'],
  'podatlas-traffic': ['cluster', 'namespace', 'pod', 'container'],
  'podatlas-world': ['cluster', 'namespace', 'pod', 'container', 'country'],
  'podatlas-geofence': ['cluster', 'namespace', 'policy'],
  'podatlas-peers': ['cluster', 'namespace', 'pod', 'container'],
  'podatlas-tcp': ['cluster', 'namespace', 'pod', 'container'],
  'podatlas-cost': ['cluster'],
  'podatlas-agent': ['cluster'],
} as const satisfies Record<string, readonly Filter[]>

type Filter = 'cluster' | 'namespace' | 'pod' | 'container' | 'country' | 'policy'
/** The uid of a dashboard; the name of its file, too. */
export type Uid = keyof typeof filtersOf

/** A dashboard as all of ours are: variables, links, time range and refresh. */
export function dashboardOf(parts: {
  uid: Uid
  title: string
  description: string
  rows: readonly Row[]
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
    .variables(variables(parts.uid))
  const { links = [], ...rest } = builder.build()
  // The SDK would hide the links in a menu.
  const shown = links.map(({ placement: _hidden, ...link }) => link)
  // What Grafana 10.4 writes: newer ones convert it when they load it, older ones warn about 42.
  return { ...rest, links: shown, schemaVersion: 39, panels: placed(parts.rows) }
}

/** What the row that was clicked says in this column. */
export function cell(label: string): string {
  return `\${__data.fields.${label}}`
}

/** The value of a label of the line, slice or bar that was clicked. */
export function line(label: string): string {
  return `\${__field.labels.${label}}`
}

/**
 * Links of one dashboard to others of ours (or to itself). They keep time range, data source and every filter that both
 * have; `set` gives filters of the other a value.
 */
export function linksFrom(from: Uid) {
  return (to: Uid, title: string, set: Readonly<Partial<Record<Filter, string>>> = {}) => {
    const here: readonly Filter[] = filtersOf[from]
    const there: readonly Filter[] = filtersOf[to]
    const kept = there.filter(name => here.includes(name) && set[name] === undefined)
    const parameters = [
      '${__url_time_range}',
      ...['datasource', ...kept].map(name => `\${${name}:queryparam}`),
      ...Object.entries(set).map(([name, value]) => `var-${name}=${value}`),
    ]
    return { id: 'links', value: [{ title, url: `/d/${to}?${parameters.join('&')}` }] }
  }
}

/** Where the runbooks are read; the chart puts rules.runbookUrl in its place. */
const runbooks = 'https://github.com/podatlas/podatlas/blob/main/docs/runbooks'

/** Leads to what an alert means and how to mend it, beside links of ours. */
export function toRunbook(
  alert: string,
  ...others: readonly { readonly value: readonly object[] }[]
) {
  const runbook = { title: 'Runbook', url: `${runbooks}/${alert}.md`, targetBlank: true }
  return { id: 'links', value: [runbook, ...others.flatMap(({ value }) => value)] }
}

function variables(uid: Uid) {
  const { transmitBytes: sent, transmitByCountry, policy } = series
  const inPod = inNamespace(sent, 'k8s_pod=~"$pod"')
  const filters = {
    cluster: filter('cluster', 'Cluster', `label_values(${sent}, cluster)`),
    namespace: filter('namespace', 'Namespace', `label_values(${inCluster(sent)}, k8s_namespace)`),
    pod: filter('pod', 'Pod', `label_values(${inNamespace(sent)}, k8s_pod)`),
    container: filter('container', 'Container', `label_values(${inPod}, container_name)`),
    country: filter('country', 'Country', `label_values(${inCluster(transmitByCountry)}, country)`),
    policy: filter('policy', 'Policy', `label_values(${policy}, policy)`),
  }
  return [
    new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    ...filtersOf[uid].map(name => filters[name]),
  ]
}

/** A filter that may hold several values or all; its values depend on the filters that its query names. */
function filter(name: Filter, label: string, query: string) {
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
