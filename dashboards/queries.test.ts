import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { metrics2021, trafficMetrics } from '../agent/aggregate/metrics.ts'
import { createTelemetry } from '../agent/telemetry.ts'
import { geoMetrics } from '../functions/geoip/metrics.ts'
import { geoInfoHead, geoIpHead } from '../functions/geoip/series.ts'
import { nodeInfoHead, peerInfoHead } from '../functions/peers/exposition.ts'

const root = join(import.meta.dirname, '..')

const Dashboard = z.looseObject({
  panels: z.array(
    z.looseObject({
      title: z.string(),
      type: z.string(),
      targets: z.array(
        z.looseObject({
          expr: z.string(),
          instant: z.boolean(),
          format: z.string().optional(),
          legendFormat: z.string().optional(),
        }),
      ),
    }),
  ),
  templating: z.looseObject({
    list: z.array(z.looseObject({ name: z.string(), type: z.string(), query: z.string() })),
  }),
})

const dashboards = globSync(join(import.meta.dirname, '*.json')).map(path => ({
  name: basename(path),
  ...Dashboard.parse(JSON.parse(readFileSync(path, 'utf8'))),
}))

const RuleFile = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ record: z.string().optional(), expr: z.string() })) }),
  ),
})
const rules = globSync(join(root, 'chart/files/rules/*.yaml'))
  .flatMap(path => RuleFile.parse(parseYaml(readFileSync(path, 'utf8'))).groups)
  .flatMap(group => group.rules)

const agent = createTelemetry('node', '0.0.0').registry.metrics
const geoip = geoMetrics().registry.getMetricsAsArray()
const ofHistogram = ['', '_bucket', '_count', '_sum']

/** Everything that is exported or recorded; `up` is Prometheus' own. */
const exported = new Set([
  'up',
  ...[...trafficMetrics, ...metrics2021].map(({ name }) => name),
  ...agent.map(({ name }) => name),
  ...geoip.flatMap(({ name }) => ofHistogram.map(suffix => `${name}${suffix}`)),
  ...[geoIpHead, geoInfoHead, peerInfoHead, nodeInfoHead].map(head => head.split(' ')[2] ?? ''),
])
const recorded = new Set(rules.flatMap(({ record }) => record ?? []))

/** The query as Grafana sends it, with every variable at "All". */
function filledIn(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '1h')
    .replaceAll(/\$\w+/g, '.*')
}

/** Names of metrics in a query. Throws where it does not parse: the parser itself goes on. */
function metricsOf(expr: string): string[] {
  const names: string[] = []
  parser.parse(expr).iterate({
    enter: node => {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expr}`)
      if (node.name === 'VectorSelector') {
        names.push(/^[\w:]+/.exec(expr.slice(node.from, node.to))?.[0] ?? '(no name)')
      }
    },
  })
  return names
}

test('a query with a fault does not pass for a good one', () => {
  expect(() => metricsOf('sum(rate(a[5m])')).toThrow('no PromQL')
  expect(metricsOf('sum by (x) (rate(a{b="c"}[5m])) / d:e:f')).toEqual(['a', 'd:e:f'])
})

describe.each(dashboards)('$name', ({ panels, templating }) => {
  const queries = panels.flatMap(panel => panel.targets.map(target => ({ ...panel, ...target })))

  test('every query parses, and what it asks for is exported or recorded', () => {
    for (const { title, expr } of queries) {
      const names = metricsOf(filledIn(expr))
      expect(names, title).not.toEqual([])
      for (const name of names) expect([...exported, ...recorded], title).toContain(name)
    }
  })

  test('every variable asks for labels of a series that is exported or recorded', () => {
    for (const { type, query } of templating.list.filter(variable => variable.type === 'query')) {
      const [, selector = ''] = /^label_values\((.+), \w+\)$/.exec(query) ?? []
      const [name = ''] = metricsOf(filledIn(selector))
      expect([...exported, ...recorded], `${type} ${query}`).toContain(name)
    }
  })

  test('variables are used with =~ and exist', () => {
    const names = templating.list.map(({ name }) => name)
    for (const { title, expr } of queries) {
      for (const [, operator, variable] of expr.matchAll(/(=~|!~|=|!=)"\$(\w+)"/g)) {
        expect(operator, title).toBe('=~')
        expect(names, title).toContain(variable)
      }
    }
  })

  test('counters are read as rates over a window that fits the scrape interval', () => {
    for (const { title, expr } of queries) {
      for (const [counter] of expr.matchAll(/\b\w+_total\{[^}]*\}(\[[^\]]*\])?/g)) {
        expect(counter, title).toMatch(/\[\$__(rate_interval|range)\]$/)
      }
    }
  })

  test('maps, tables and pies ask for this moment, and lines do not flicker', () => {
    for (const { title, type, expr, instant, format } of queries) {
      expect(instant, title).toBe(!['timeseries', 'status-history'].includes(type))
      if (type === 'geomap' || type === 'table') expect(format, title).toBe('table')
      if (!instant) expect(expr.includes('topk(') && !expr.includes('@ end()'), title).toBe(false)
    }
  })
})

test('every rule asks for what is exported or recorded', () => {
  for (const { expr } of rules) {
    for (const name of metricsOf(expr)) expect([...exported, ...recorded], expr).toContain(name)
  }
})

test('every recorded series is read by a dashboard, a rule, the stack of 2021, or people who read of it', () => {
  const readme = readFileSync(join(root, 'chart/README.md'), 'utf8')
  const of2021 = ['bytes_tx:sum', 'bytes_rx:sum']
  const panels = dashboards.flatMap(dashboard => dashboard.panels)
  const asked = [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => filledIn(expr))),
    ...rules.map(({ expr }) => expr),
  ].flatMap(metricsOf)
  const unread = [...recorded].filter(name => !asked.includes(name) && !of2021.includes(name))
  expect(unread.filter(name => !readme.includes(name))).toEqual([])
})
