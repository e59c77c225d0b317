import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkDashboard, tableOf, type Checked } from '../ci/dashboards/check.ts'
import { emptyWhenWell } from '../ci/dashboards/empty-when-well.ts'
import { golden } from '../ci/dashboards/golden.ts'
import { filledPrometheus, type Filled } from '../ci/dashboards/prometheus.ts'
import { filledIn } from '../ci/dashboards/promql.ts'
import { dashboards } from '../ci/dashboards/read.ts'
import { readRecorded } from '../ci/dashboards/record.ts'
import { fileOf, render } from '../ci/render/helm.ts'

// Recorded in a real cluster: an agent, geoip and peers, while pods talk to the world and to each other.
const well = readRecorded(join(import.meta.dirname, '../ci/dashboards/recorded.jsonl'))
// On top of it, what the golden tests see leave an agent and both functions that have trouble of every kind.
const troubled = [
  ...well,
  ...golden('agent/test/golden/agent.prom'),
  ...golden('agent/test/golden/traffic.prom'),
  ...golden('agent/test/golden/traffic-folded.prom'),
  ...golden('functions/geoip/test/golden/metrics.prom', { job: 'geo', instance: 'geoip:8080' }),
  ...golden('functions/peers/test/golden/metrics.prom', { job: 'peers', instance: 'peers:8080' }),
]
const prices = '--set-json=cost.pricePerGB={"cross_zone":0.01,"internet":0.09}'
const policy = (countries: string) =>
  `--set-json=geofence.policies={"tested":{"deny":{"countries":["${countries}"]}}}`

describe('a cluster that is well', () => {
  let prometheus: Filled
  const checked: [name: string, Checked][] = []
  beforeAll(async () => {
    prometheus = await start(well, 'AQ')
  })
  afterAll(() => end(prometheus, 'well', checked))

  test.each(dashboards)(
    'every query of $name is PromQL to Prometheus itself',
    async ({ dashboard }) => {
      for (const { targets } of dashboard.panels)
        for (const { expr } of targets) await prometheus.api.parse(filledIn(expr))
      await expect(prometheus.api.parse('topk(5, rate(x))')).rejects.toThrow('bad_data')
    },
  )

  test.each(dashboards)(
    'every panel of $name shows something, or nothing that is there',
    async ({ name, dashboard }) => {
      const { api, momentS } = prometheus
      const result = await checkDashboard(api, momentS, dashboard, emptyWhenWell[name])
      checked.push([name, result])
      expect(result).toMatchObject({ empty: [], faults: [] })
    },
  )
})

describe('a cluster in trouble', () => {
  let prometheus: Filled
  const checked: [name: string, Checked][] = []
  beforeAll(async () => {
    prometheus = await start(troubled, 'JP', [
      'ALERTS{alertname="PodatlasGeofenceViolation",alertstate="firing"}',
      'namespace_pod_country:podatlas_geofence_violation_connections:rate5m',
    ])
  })
  afterAll(() => end(prometheus, 'in trouble', checked))

  test.each(dashboards)('no panel of $name is empty', async ({ name, dashboard }) => {
    const { api, momentS } = prometheus
    const result = await checkDashboard(api, momentS, dashboard)
    checked.push([name, result])
    expect(result).toMatchObject({ empty: [], faults: [] })
  })
})

/** With a policy that forbids a country; `awaited` are queries that must answer before any other is asked. */
async function start(
  series: typeof well,
  forbidden: string,
  awaited: readonly string[] = [],
): Promise<Filled> {
  const rules = fileOf(await render([prices, policy(forbidden)]), 'podatlas-rules', 'rules.yml')
  // Nothing violates a policy where all is well; the other group runs each two minutes.
  const recorded = [...rules.matchAll(/record: (\S+)/g)]
    .map(([, name = '']) => name)
    .filter(name => !/geofence_violation|^namespace_country:/.test(name))
  return filledPrometheus(series, rules, [...recorded, ...awaited])
}

/** What was checked is what people want to see of these tests. */
async function end(prometheus: Filled, how: string, checked: [string, Checked][]): Promise<void> {
  await prometheus[Symbol.asyncDispose]()
  console.log(`A cluster that is ${how}:\n${tableOf(checked)}`)
}
