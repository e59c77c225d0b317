import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as units from '@grafana/grafana-foundation-sdk/units'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const Link = z.looseObject({ url: z.string() })

const Panel = z.looseObject({
  id: z.int(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource: z.unknown(),
  gridPos: z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(z.looseObject({ refId: z.string(), datasource: z.unknown() })).min(1),
  options: z.looseObject({}),
  fieldConfig: z.looseObject({
    defaults: z.looseObject({ unit: z.string(), min: z.number().optional() }),
    overrides: z.array(
      z.looseObject({ properties: z.array(z.looseObject({ id: z.string(), value: z.unknown() })) }),
    ),
  }),
  transformations: z.array(z.looseObject({ id: z.string() })).default([]),
})

const Dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  description: z.string(),
  panels: z.array(Panel).min(1),
  templating: z.strictObject({
    list: z.array(
      z.looseObject({ name: z.string(), type: z.string(), datasource: z.unknown().optional() }),
    ),
  }),
})

const files = globSync(join(import.meta.dirname, '*.json'))
const dashboards = files.map(path => {
  const json = readFileSync(path, 'utf8')
  return { name: basename(path), json, dashboard: Dashboard.parse(JSON.parse(json)) }
})
const uids = dashboards.map(({ dashboard }) => dashboard.uid)
const datasource = { type: 'prometheus', uid: '${datasource}' }

test('there are dashboards', () => {
  expect(uids.toSorted()).toEqual(['podatlas-traffic', 'podatlas-world'])
})

describe.each(dashboards)('$name', ({ name, json, dashboard }) => {
  test('is found by every Grafana under the same address, and is asked for by its links', () => {
    expect(`${dashboard.uid}.json`).toBe(name)
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
    const [first, ...filters] = dashboard.templating.list
    expect(first).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' })
    for (const filter of filters) expect(filter.datasource).toEqual(datasource)
  })

  test('filters take several values and refresh with the time range', () => {
    for (const filter of dashboard.templating.list.slice(1)) {
      expect(filter).toMatchObject({
        type: 'query',
        multi: true,
        includeAll: true,
        allValue: '.*',
        refresh: 2,
        query: expect.stringMatching(/^label_values\(\S.*, \w+\)$/),
      })
    }
  })

  test('each panel has a unit that Grafana knows and starts at zero, or is about zero', () => {
    const known = Object.values(units).map(String)
    for (const { title, fieldConfig } of dashboard.panels) {
      const { unit, min, custom } = fieldConfig.defaults
      expect(known, title).toContain(unit)
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

  test('maps draw the world from the Grafana server itself', () => {
    expect(json).not.toMatch(/"type": "(default|carto|osm-standard|esri-xyz|xyz)"/)
    for (const { options } of dashboard.panels.filter(({ type }) => type === 'geomap')) {
      expect(options).toMatchObject({
        basemap: { type: 'geojson', config: { src: 'public/maps/countries.geojson' } },
        view: { id: 'zero', allLayers: false },
        tooltip: { mode: 'details' },
        layers: [{ type: 'markers', name: 'Traffic', location: { mode: 'coords' } }],
      })
    }
    expect(json).not.toMatch(/https?:\/\//)
  })

  test('only panels and transformations of the core are used', () => {
    const panels = [
      'bargauge',
      'geomap',
      'piechart',
      'stat',
      'status-history',
      'table',
      'timeseries',
    ]
    const transformations = ['convertFieldType', 'merge', 'organize']
    for (const { type, transformations: used } of dashboard.panels) {
      expect(panels).toContain(type)
      for (const { id } of used) expect(transformations).toContain(id)
    }
  })

  test('every link leads to a dashboard and sets variables that it has', () => {
    const links = dashboard.panels
      .flatMap(({ fieldConfig }) => fieldConfig.overrides.flatMap(({ properties }) => properties))
      .filter(({ id }) => id === 'links')
      .flatMap(({ value }) => z.array(Link).parse(value))
    expect(links).not.toEqual([])
    for (const { url } of links) {
      const [, uid = '', set = ''] = /^\/d\/([\w-]+)\?\$\{__url_time_range\}&(.*)$/.exec(url) ?? []
      const target = dashboards.find(one => one.dashboard.uid === uid)?.dashboard
      const variables = target?.templating.list.map(variable => variable.name)
      for (const [, variable] of set.matchAll(/var-(\w+)=/g)) expect(variables).toContain(variable)
      expect(set).toMatch(/^var-\w+=\$\{__data\.fields\.\w+\}/)
    }
  })
})
