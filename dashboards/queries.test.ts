import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { metrics2021, trafficMetrics } from '../agent/aggregate/metrics.ts'
import { createTelemetry } from '../agent/telemetry.ts'
import {
  filledIn,
  labelsOf,
  labelValuesOf,
  madeLabels,
  metricsOf,
} from '../ci/dashboards/promql.ts'
import { golden } from '../ci/dashboards/golden.ts'
import { dashboards, filtersOf } from '../ci/dashboards/read.ts'
import { geoMetrics } from '../functions/geoip/metrics.ts'
import { geoInfoHead, geoIpHead } from '../functions/geoip/series.ts'
import { nodeInfoHead, peerInfoHead } from '../functions/peers/exposition.ts'
import { peersMetrics } from '../functions/peers/metrics.ts'

const root = join(import.meta.dirname, '..')

const RuleFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          record: z.string().optional(),
          expr: z.string(),
          labels: z.record(z.string(), z.string()).default({}),
        }),
      ),
    }),
  ),
})
const rules = globSync(join(root, 'chart/files/rules/*.yaml'))
  .flatMap(path => RuleFile.parse(parseYaml(readFileSync(path, 'utf8'))).groups)
  .flatMap(group => group.rules)
const recorded = new Set(
  // One rule for each price, made by the chart.
  [
    'namespace_locality:podatlas_cost_per_hour:rate5m',
    ...rules.flatMap(({ record }) => record ?? []),
  ],
)

const agentGoldens = ['agent', 'traffic', 'traffic-folded'].map(name => `agent/test/golden/${name}`)
const functionGoldens = ['geoip', 'peers'].map(name => `functions/${name}/test/golden/metrics`)
const objects = { nodes: 0, services: 0, pods: 0, endpointslices: 0 }
const sizes = { objects: () => objects, claims: () => 0, strangers: () => 0 }
const agent = createTelemetry('node', '0.0.0').registry.metrics.map(({ name }) => name)
const functions = [geoMetrics().registry, peersMetrics({ maxPeers: 1, sizes }).registry]
  .flatMap(registry => registry.getMetricsAsArray())
  .flatMap(metric =>
    (isHistogram(metric) ? ['_sum', '_count'] : ['']).map(end => metric.name + end),
  )

/** Everything that the product exports. */
const exported = new Set([
  ...[...trafficMetrics, ...metrics2021].map(({ name }) => name),
  ...agent,
  ...functions,
  ...[geoIpHead, geoInfoHead, peerInfoHead, nodeInfoHead].map(head => head.split(' ')[2] ?? ''),
])
/** That, what is recorded, and what Prometheus itself adds. */
const known = [...exported, ...recorded, 'up', 'ALERTS']

/** Labels as they are seen: of what agent and functions export, of what rules add, of alerts. */
const seen = [...agentGoldens, ...functionGoldens]
const knownLabels = new Set([
  ...seen.flatMap(path => golden(`${path}.prom`)).flatMap(({ labels }) => Object.keys(labels)),
  ...rules.flatMap(({ labels, expr }) => [...Object.keys(labels), ...madeLabels(expr)]),
  'alertname',
  'alertstate',
])

/** What no dashboard and no rule asks for, and why it is there nevertheless. */
const forOthers: Readonly<Record<string, string>> = {
  geo_ip: 'queries of 2021',
  'bytes_tx:sum': 'queries of 2021',
  'bytes_rx:sum': 'queries of 2021',
}

const asked = new Set(
  [
    ...dashboards.flatMap(({ dashboard }) =>
      dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => filledIn(expr))),
    ),
    ...rules.map(({ expr }) => expr),
  ].flatMap(metricsOf),
)

test('labels of a query are found wherever they stand', () => {
  const expr =
    'label_replace(sum by (a) (x{b="c"}) * on (d) group_left (e) y, "f", "$1", "a", "(.+)")'
  expect(labelsOf(expr)).toEqual(['a', 'b', 'd', 'e'])
  expect(madeLabels(expr)).toEqual(['f'])
  expect(labelsOf(`sum by (f) (${expr})`)).not.toContain('f')
})

test('a query with a fault does not pass for a good one', () => {
  expect(() => metricsOf('sum(rate(a[5m])')).toThrow('no PromQL')
  expect(metricsOf('sum by (x) (rate(a{b="c"}[5m])) / d:e:f')).toEqual(['a', 'd:e:f'])
})

describe.each(dashboards)('$name', ({ dashboard }) => {
  const queries = dashboard.panels.flatMap(({ title, type, targets }) =>
    targets.map(target => ({ title, type, ...target })),
  )

  test('every query parses, and what it asks for is exported or recorded', () => {
    for (const { title, expr } of queries) {
      const names = metricsOf(filledIn(expr))
      expect(names, title).not.toEqual([])
      for (const name of names) expect(known, title).toContain(name)
    }
  })

  test('every label that a query matches, groups or joins by is one that is exported or recorded', () => {
    for (const { title, expr } of queries)
      for (const label of labelsOf(filledIn(expr))) expect([...knownLabels], title).toContain(label)
  })

  test('every variable asks for labels of a series that is exported or recorded', () => {
    for (const { query } of filtersOf(dashboard)) {
      const [name = ''] = metricsOf(filledIn(labelValuesOf(query).selector))
      expect(known, query).toContain(name)
    }
  })

  test('variables are used with =~ and exist', () => {
    const names = dashboard.templating.list.map(({ name }) => name)
    for (const { title, expr } of queries) {
      for (const [, operator, variable] of expr.matchAll(/(=~|!~|=|!=)"\$(\w+)"/g)) {
        expect(operator, title).toBe('=~')
        expect(names, title).toContain(variable)
      }
    }
  })

  // The only windows that do not follow the time range, by what they are for.
  const fixedWindows = ['Bytes lost, last day', 'New countries']

  test('counters are read as rates over a window that fits the scrape interval', () => {
    for (const { title, expr } of queries) {
      for (const [counter] of expr.matchAll(
        /\b\w+_(?:total|sum|count)\b(?:\{[^}]*\})?(\[[^\]]*\])?/g,
      )) {
        const window = fixedWindows.includes(title) ? /\[1d\]$/ : /\[\$__(rate_interval|range)\]$/
        const isCount = /kernel_sockets_seeded_total/.test(counter) && title.startsWith('State of')
        if (!isCount) expect(counter, title).toMatch(window)
      }
      const literal = [...expr.matchAll(/\[\d\w*\]/g)]
      expect(literal.length > 0, title).toBe(fixedWindows.includes(title))
    }
  })

  test('maps, tables and pies ask for this moment, and lines do not flicker', () => {
    const overTime = ['timeseries', 'status-history', 'state-timeline']
    for (const { title, type, expr, instant, format } of queries) {
      expect(instant, title).toBe(!overTime.includes(type))
      if (['geomap', 'table', 'nodeGraph'].includes(type)) expect(format, title).toBe('table')
      if (!instant && expr.includes('topk(')) expect(expr, title).toContain('@ end()')
    }
  })
})

test('every rule asks for what is exported or recorded', () => {
  for (const { expr } of rules)
    for (const name of metricsOf(expr)) expect(known, expr).toContain(name)
})

test('whatever is exported or recorded is read by a dashboard, by a rule, or for a reason', () => {
  const unread = [...exported, ...recorded].filter(name => !asked.has(name))
  expect(unread.filter(name => !(name in forOthers))).toEqual([])
  expect(Object.keys(forOthers).filter(name => !unread.includes(name))).toEqual([])
})

function isHistogram(metric: object): boolean {
  return 'buckets' in metric || metric.constructor.name === 'Histogram'
}
