import * as units from '@grafana/grafana-foundation-sdk/units'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { dashboards, filtersOf, linksOf, type Panel } from '../ci/dashboards/read.ts'

const runbooks = 'https://github.com/podatlas/podatlas/blob/main/docs/runbooks'
const datasource = { type: 'prometheus', uid: '${datasource}' }
const of2021 = [
  'Total received',
  'Total sent',
  'Pod traffic',
  'Targets',
  'Process traffic by PID, received',
  'Process traffic by PID, sent',
  'External Connections',
]

test('there are the eight dashboards', () => {
  expect(dashboards.map(({ name }) => name)).toEqual(
    ['agent', 'cost', 'geofence', 'overview', 'peers', 'tcp', 'traffic', 'world'].map(
      name => `podatlas-${name}`,
    ),
  )
})

test('the panels of the dashboard of 2021 are there by name', () => {
  const titles = dashboards.flatMap(({ dashboard }) => dashboard.panels.map(({ title }) => title))
  expect(titles).toEqual(expect.arrayContaining(of2021))
})

describe.each(dashboards)('$name', ({ name, json, dashboard }) => {
  test('is found by every Grafana under the same address, and is asked for by its links', () => {
    expect(dashboard.uid).toBe(name)
    expect(dashboard.uid.length).toBeLessThanOrEqual(40)
    expect(dashboard).toMatchObject({
      id: null,
      tags: ['podatlas'],
      editable: false,
      graphTooltip: 1,
      refresh: '1m',
      schemaVersion: 39,
      time: { from: 'now-1h', to: 'now' },
      timezone: 'browser',
      links: [
        {
          type: 'dashboards',
          tags: ['podatlas'],
          asDropdown: true,
          keepTime: true,
          includeVars: true,
        },
      ],
    })
    expect(dashboard).not.toHaveProperty('version')
    expect(dashboard).not.toHaveProperty('links.0.placement')
  })

  test('needs no import dialog: the reader picks the data source', () => {
    expect(json).not.toMatch(/__inputs|__requires|\$\{DS_/)
    for (const panel of dashboard.panels) {
      expect(panel.datasource, panel.title).toEqual(datasource)
      for (const target of panel.targets) expect(target.datasource, panel.title).toEqual(datasource)
    }
    expect(dashboard.templating.list[0]).toMatchObject({
      name: 'datasource',
      type: 'datasource',
      query: 'prometheus',
    })
    expect(filtersOf(dashboard)).toHaveLength(dashboard.templating.list.length - 1)
    for (const filter of filtersOf(dashboard)) expect(filter.datasource).toEqual(datasource)
  })

  test('filters take several values, refresh with the time range, and filter something', () => {
    for (const filter of filtersOf(dashboard)) {
      expect(filter).toMatchObject({ multi: true, includeAll: true, allValue: '.*', refresh: 2 })
      const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
      expect(queries.join('\n')).toContain(`=~"$${filter.name}"`)
    }
  })

  test('each panel has a unit that Grafana knows and starts at zero, or is about zero', () => {
    const known = Object.values(units).map(String)
    for (const { title, fieldConfig } of dashboard.panels) {
      const { unit, min, custom } = fieldConfig.defaults
      const used = [unit, ...overriddenUnits(fieldConfig)]
      for (const each of used)
        expect(each.startsWith('currency:') || known.includes(each), `${title}: ${each}`).toBe(true)
      const isAboutZero = z.looseObject({ axisCenteredZero: z.literal(true) }).safeParse(custom)
      expect(min === 0 || isAboutZero.success, title).toBe(true)
    }
  })

  test('panels fill the grid without covering each other, and their ids differ', () => {
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    const height = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h))
    expect(cells.length).toBe(24 * height)
  })

  test('maps draw the world from the Grafana server itself, and stand beside a table', () => {
    expect(json).not.toMatch(/"type": "(default|carto|osm-standard|esri-xyz|xyz)"/)
    for (const { options } of dashboard.panels.filter(({ type }) => type === 'geomap')) {
      expect(options).toMatchObject({
        basemap: { type: 'geojson', config: { src: 'public/maps/countries.geojson' } },
        view: { id: 'zero', allLayers: false, layer: 'Traffic' },
        tooltip: { mode: 'details' },
        layers: [
          {
            type: 'markers',
            name: 'Traffic',
            location: { mode: expect.stringMatching(/^(coords|lookup)$/) },
          },
        ],
      })
      expect(dashboard.panels.some(({ type }) => type === 'table')).toBe(true)
    }
    expect(json.replaceAll(`"${runbooks}/`, '')).not.toMatch(/https?:\/\//)
  })

  test('only panels and transformations of the core are used', () => {
    const transformations = ['convertFieldType', 'groupingToMatrix', 'merge', 'organize']
    for (const panel of dashboard.panels)
      for (const { id } of panel.transformations) expect(transformations).toContain(id)
    expect(json).not.toMatch(/"type": "[\w-]+-panel"/)
  })

  test('legends, tooltips and reducers are ours, not the defaults of the SDK', () => {
    for (const { title, type, options } of dashboard.panels) {
      if (['timeseries', 'piechart', 'status-history', 'state-timeline'].includes(type))
        expect(options, title).toMatchObject({
          legend: { showLegend: true },
          tooltip: { mode: 'multi' },
        })
      if (type === 'timeseries')
        expect(options, title).toMatchObject({
          legend: { displayMode: 'table', calcs: ['lastNotNull', 'mean', 'max'] },
        })
      if (['stat', 'bargauge', 'piechart'].includes(type))
        expect(options, title).toMatchObject({ reduceOptions: { calcs: ['lastNotNull'] } })
    }
  })

  test('every link leads to one of ours, with the time range, the data source and all filters', () => {
    const own = filtersOf(dashboard).map(filter => filter.name)
    for (const panel of dashboard.panels) {
      for (const url of linksOf(panel).filter(each => !each.startsWith(runbooks))) {
        const [, uid = '', query = ''] = /^\/d\/([\w-]+)\?(.*)$/.exec(url) ?? []
        const target = dashboards.find(one => one.dashboard.uid === uid)?.dashboard
        if (!target) throw new Error(`${panel.title}: ${url} leads nowhere`)
        const theirs = filtersOf(target).map(filter => filter.name)
        const [time, source, ...rest] = query.split('&')
        expect([time, source]).toEqual(['${__url_time_range}', '${datasource:queryparam}'])
        const passed = rest.map(part => {
          const [, kept, set] =
            /^(?:\$\{(\w+):queryparam\}|var-(\w+)=\$\{__\S+\})$/.exec(part) ?? []
          return kept ?? set
        })
        expect(new Set(passed).size).toBe(passed.length)
        for (const filter of passed) expect(theirs, `${panel.title}: ${url}`).toContain(filter)
        // What both have is kept; a kept filter that is not here would stay as text.
        for (const filter of theirs.filter(each => own.includes(each)))
          expect(passed, `${panel.title}: ${url}`).toContain(filter)
        for (const [, kept] of query.matchAll(/\$\{(\w+):queryparam\}/g))
          expect([...own, 'datasource']).toContain(kept)
      }
    }
  })
})

/** Where a click leads, by dashboard and panel; the panels that are not here lead nowhere. */
const drillDowns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  overview: {
    Sent: 'traffic',
    Received: 'traffic',
    'To the internet': 'world',
    'Countries reached': 'world',
    'Violations now': 'geofence',
    'Nodes reporting': 'agent',
    'Bytes lost, last day': 'agent',
    'Traffic by namespace': 'traffic namespace',
    Namespaces: 'traffic namespace',
    'The world': 'world country',
    Alerts: 'runbook alertname, agent',
  },
  traffic: {
    'Total received': 'traffic pod',
    'Total sent': 'traffic pod',
    'Pod traffic': 'traffic pod',
    Peers: 'peers, world country',
    Targets: 'tcp',
    Connections: 'tcp',
    Datagrams: 'traffic pod',
    Folded: 'agent',
  },
  world: {
    'External Connections': 'traffic',
    Countries: 'world country',
    'New countries': 'traffic namespace',
    'Not placed': 'agent',
  },
  geofence: {
    'Not judged': 'agent',
    Where: 'world country',
    Violations: 'traffic namespace pod',
    Attempts: 'tcp',
    'Allowed and not': 'world',
    Alerts: 'runbook alertname',
  },
  peers: {
    'Map of namespaces': 'traffic namespace, traffic namespace',
    Pairs: 'traffic namespace',
    Workloads: 'traffic namespace pod',
    Unresolved: 'agent',
  },
  tcp: {
    'Round-trip time by pod': 'traffic pod',
    'Smallest round-trip time by pod': 'traffic pod',
    'Round-trip time by country': 'world country',
    Retransmits: 'traffic pod',
    'Retransmits per MiB sent': 'traffic pod',
    'By node': 'agent',
    'Failed connections': 'traffic pod',
    Resets: 'traffic pod',
    'Worst peers': 'traffic',
  },
  cost: { 'Cross-zone, most': 'peers namespace', 'Who pays': 'traffic namespace' },
  agent: {},
}

test.each(dashboards)(
  'a click in a panel of $name leads on, to what was clicked',
  ({ name, dashboard }) => {
    const links = dashboard.panels.map(panel => [
      panel.title,
      linksOf(panel).map(destination).join(', '),
    ])
    const leading = Object.fromEntries(links.filter(([, link]) => link !== ''))
    expect(leading).toEqual(drillDowns[name.replace('podatlas-', '')])
  },
)

/** The dashboard of a link and the variables that it sets. */
function destination(url: string): string {
  const [, label] = /\.(\w+)\}\.md$/.exec(url) ?? []
  if (url.startsWith(runbooks)) return `runbook ${label}`
  const [, uid] = /^\/d\/podatlas-(\w+)/.exec(url) ?? []
  return [uid, ...[...url.matchAll(/&var-(\w+)=/g)].map(([, name]) => name)].join(' ')
}

/** Units of single columns and queries. */
function overriddenUnits({ overrides }: Panel['fieldConfig']): string[] {
  return overrides
    .flatMap(({ properties }) => properties)
    .filter(({ id }) => id === 'unit')
    .map(({ value }) => String(value))
}
