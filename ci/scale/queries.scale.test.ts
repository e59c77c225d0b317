import { globSync, mkdtempDisposableSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { sortedLabels } from '../../agent/aggregate/labels.ts'
import type { Samples, Series } from '../../agent/model.ts'
import { openSinks } from '../../agent/sinks/index.ts'
import { sinkOptions } from '../../agent/sinks/options.ts'
import { realPrometheus } from '../../agent/sinks/test/real-prometheus.ts'
import { until } from '../../agent/sinks/test/write-receiver.ts'
import { createTelemetry } from '../../agent/telemetry.ts'
import { cities, writeMmdb } from '../../functions/geoip/test/mmdb.ts'
import { startProcess, untilText } from '../../functions/program/test/process.ts'
import { apiOf, type Api, type Row } from '../dashboards/api.ts'
import { filledIn } from '../dashboards/promql.ts'
import { dashboards } from '../dashboards/read.ts'
import { readRecorded } from '../dashboards/record.ts'
import { startRing, type Ring } from './ring.ts'
import { sum } from './simulated-node.ts'

// The same samples, recorded in a real cluster, in Thanos and in a Prometheus: both must answer alike.
const STEP_S = 10
const recorded = readRecorded(join(import.meta.dirname, '../dashboards/recorded.jsonl'))
const RuleFile = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ record: z.string().optional(), expr: z.string() })) }),
  ),
})
const rules = globSync(join(import.meta.dirname, '../../chart/files/rules/*.yaml'))
  .flatMap(path => RuleFile.parse(parseYaml(readFileSync(path, 'utf8'))).groups)
  .flatMap(group => group.rules)

const stack = new AsyncDisposableStack()
const momentS = Math.floor(Date.now() / 1_000)
const telemetry = createTelemetry('node-1', '1.2.3')
let ring: Ring
let thanos: Api
let prometheus: Api
let prometheusUrl = ''
let push: (samples: Samples) => Promise<void>

beforeAll(async () => {
  ring = stack.use(await startRing())
  const other = stack.use(await realPrometheus())
  prometheusUrl = new URL(other.endpoint).origin
  thanos = apiOf(ring.url)
  prometheus = apiOf(prometheusUrl)
  const headers = { 'THANOS-TENANT': 'recorded' }
  const sinks = stack.use(
    await openSinks({
      sinks: {
        thanos: sinkOptions.parse({
          type: 'prometheus',
          endpoint: ring.receivers[0]?.endpoint,
          headers,
        }),
        prometheus: sinkOptions.parse({ type: 'prometheus', endpoint: other.endpoint }),
      },
      version: '1.2.3',
      telemetry,
      log: () => undefined,
    }),
  )
  push = async samples => {
    sinks.offer(samples)
    await until(() => sum(telemetry.sinkQueueSamples) === 0)
  }
  await pushRecorded()
  // Query asks its receivers every few seconds which tenants they hold, and this one is new. Two of three make a
  // success, so one may be late with what it holds.
  const everything = '{__name__=~".+"}'
  const { rows } = await prometheus.instant(everything, momentS)
  await until(async () => (await thanos.instant(everything, momentS)).rows.length >= rows.length)
  await pushRules()
}, 300_000)

afterAll(() => stack.disposeAsync())

async function pushRecorded(): Promise<void> {
  const moments = new Map<number, { series: Series[]; values: number[] }>()
  for (const { labels, samples } of recorded) {
    const series = seriesOf(labels)
    for (const [atS, value] of samples) {
      const moment = moments.get(atS) ?? { series: [], values: [] }
      moments.set(atS, moment)
      moment.series.push(series)
      moment.values.push(value)
    }
  }
  for (const [atS, { series, values }] of [...moments].toSorted(([a], [b]) => a - b))
    await push({
      timestampMs: (momentS + atS) * 1_000,
      series,
      values: Float64Array.from(values),
    })
}

/** As a ruler does that asks Thanos Query and writes to the receivers, for every 10 s of five minutes. */
async function pushRules(): Promise<void> {
  const known = new Map<string, Series>()
  for (let atS = momentS - 300; atS <= momentS; atS += STEP_S)
    for (const { record, expr } of rules) {
      if (record === undefined) continue
      const { rows } = await thanos.instant(expr, atS)
      const series = rows.map(({ labels }) => {
        const key = keyOf({ ...labels, __name__: record })
        const before = known.get(key) ?? seriesOf({ ...withoutTenant(labels), __name__: record })
        known.set(key, before)
        return before
      })
      const values = Float64Array.from(rows, row => row.values[0] ?? Number.NaN)
      if (series.length > 0) await push({ timestampMs: atS * 1_000, series, values })
    }
}

test('neither refused a sample', () => {
  expect(sum(telemetry.sinkSamplesDropped)).toBe(0)
  expect(sum(telemetry.sinkFailures)).toBe(0)
})

test('every rule of the chart answers alike on Thanos Query and on Prometheus', async () => {
  let answered = 0
  for (const { expr } of rules) answered += await expectAlike(expr)
  expect(answered).toBeGreaterThan(rules.length)
})

test.each(dashboards)(
  'every query of $name answers alike on Thanos Query and on Prometheus',
  async ({ dashboard }) => {
    let answered = 0
    for (const { targets } of dashboard.panels)
      for (const { expr } of targets) answered += await expectAlike(filledIn(expr))
    expect(answered).toBeGreaterThan(0)
  },
)

test('geoip on Thanos Query exports what it exports on Prometheus', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-scale-geoip-'))
  const database = join(folder.path, 'places.mmdb')
  writeMmdb(database, cities)
  const exported = async (url: string) => {
    const words = ['-p', url, '-i', 'destination_ip', '-d', database, '-l', 'k8s_pod']
    const QUERY = 'sum by (k8s_pod, destination_ip) (podatlas_transmit_bytes_total)'
    await using geoip = await startProcess('geoip', words, { QUERY })
    const text = await untilText(`${geoip.url}/metrics`, page => page.includes('geo_ip{'))
    return text
      .split('\n')
      .filter(line => /^(?:geo_ip|podatlas_geo_info)\{/.test(line))
      .toSorted()
  }
  const onThanos = await exported(ring.url)
  expect(onThanos.length).toBeGreaterThan(1)
  expect(onThanos).toEqual(await exported(prometheusUrl))
})

/** Gives the number of series that both answered. */
async function expectAlike(promql: string): Promise<number> {
  const [left, right] = await Promise.all([
    thanos.instant(promql, momentS),
    prometheus.instant(promql, momentS),
  ])
  const rows = inOrder(left.rows)
  const others = inOrder(right.rows)
  expect(
    rows.map(([labels]) => labels),
    promql,
  ).toEqual(others.map(([labels]) => labels))
  // A sum may be added up in another order.
  for (const [index, [, value]] of rows.entries()) {
    const other = others[index]?.[1] ?? Number.NaN
    if (Object.is(value, other)) continue
    expect(Math.abs(value - other) / Math.abs(other), promql).toBeLessThan(1e-9)
  }
  return rows.length
}

function inOrder(rows: readonly Row[]): (readonly [labels: string, value: number])[] {
  return rows
    .map(({ labels, values }) => [keyOf(withoutTenant(labels)), values[0] ?? Number.NaN] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function withoutTenant(labels: Row['labels']): Row['labels'] {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'tenant_id'))
}

function keyOf(labels: Row['labels']): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function seriesOf({ __name__: name = '', ...labels }: Row['labels']): Series {
  const metric = { name, help: '', type: 'unknown', labels: [['__name__', name]] } as const
  return { metric, target: sortedLabels(labels), startMs: 0 }
}
