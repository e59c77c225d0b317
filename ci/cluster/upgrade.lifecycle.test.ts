import { cpSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { chart, helmOf, values } from './install.ts'
import { podsOf, settled, versionsOf } from './release-state.ts'
import { folders, kubectl, promApi, promql } from './running.ts'

const namespace = 'podatlas'
// Grafana's image cannot be had here, so its pod never is ready.
const workloads = ['daemonset/podatlas-agent', ...['geoip', 'peers', 'prometheus'].map(deployment)]
const patience = { timeout: 150_000, interval: 1_000 }

const Config = z.object({ data: z.object({ yaml: z.string() }) })
const Rules = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        rules: z.array(z.object({ name: z.string(), duration: z.number().optional() })),
      }),
    ),
  }),
})

/** What tests have changed, one after the other. */
const changes: string[] = []

beforeAll(() => upgrade())

test('the same values again change no object and restart no pod', async () => {
  const [versions, pods] = [await versionsOf(namespace), await podsOf(namespace)]
  await upgrade()
  expect(await versionsOf(namespace)).toEqual(versions)
  expect(await podsOf(namespace)).toEqual(pods)
})

test.for([
  ['geoip.interval=3s', ['geoip']],
  ['peers.classify.interval=3s', ['peers']],
  // The dashboards say it, too, and Grafana reads those anew as it runs.
  ['agent.interval=3s', ['agent']],
] as const)('%s replaces the pods of %s, and no other', async ([change, components]) => {
  const before = await podsOf(namespace)
  await upgrade(change)
  await vi.waitFor(async () => {
    const after = await podsOf(namespace)
    expect(Object.keys(after).toSorted()).toEqual(Object.keys(before).toSorted())
    const replaced = Object.keys(after).filter(name => after[name] !== before[name])
    expect(replaced.toSorted()).toEqual(components)
  }, patience)
})

test('rules and the configuration of Prometheus are loaded anew without a restart, and nothing recorded is lost', async () => {
  const before = await podsOf(namespace)
  // Prometheus may be new, and with it all that is recorded.
  const series = await vi.waitFor(async () => {
    const [{ value } = { value: 0 }] = await recorded()
    expect(value).toBeGreaterThan(0)
    return value
  }, patience)
  await upgrade('prometheus.outOfOrderWindow=25h,rules.alerts.PodatlasNoData.for=77m')
  await vi.waitFor(async () => {
    const { yaml } = Config.parse(await promApi('status/config')).data
    expect(yaml).toContain('out_of_order_time_window: 1d1h')
    const { groups } = Rules.parse(await promApi('rules')).data
    const alert = groups.flatMap(({ rules }) => rules).find(({ name }) => name === 'PodatlasNoData')
    expect(alert?.duration).toBe(77 * 60)
  }, patience)
  expect(await podsOf(namespace)).toEqual(before)
  expect((await recorded())[0]?.value).toBeGreaterThanOrEqual(series)
})

test('a dashboard that changes is in the ConfigMap that Grafana mounts, and nothing restarts', async () => {
  const before = await podsOf(namespace)
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-chart-'))
  cpSync(chart, folder.path, { recursive: true })
  const file = join(folder.path, 'files/dashboards/podatlas-agent.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('"title":"', '"title":"Changed: '))
  await upgrade('', folder.path)
  const path = ['-o', String.raw`jsonpath={.data.podatlas-agent\.json}`]
  const held = ['-n', namespace, 'get', 'configmap', 'podatlas-dashboard-podatlas-agent', ...path]
  expect(await kubectl(held)).toContain('"title":"Changed: ')
  expect(await podsOf(namespace)).toEqual(before)
})

/** Gives the release the values of all tests, those changed before, and one that is changed now. */
async function upgrade(change = '', from = chart): Promise<void> {
  if (change !== '') changes.push(`--set=${change}`)
  await helmOf(folders)('upgrade', from, '--values', values, ...changes)
  await settled(namespace, workloads)
}

/** How many series Prometheus has of the last hour. */
async function recorded() {
  return await promql('count(last_over_time(podatlas_transmit_bytes_total[1h]))')
}

function deployment(component: string): string {
  return `deployment/podatlas-${component}`
}
