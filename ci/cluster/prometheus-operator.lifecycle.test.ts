import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'
import { createPod, podAddress, podOf, untilDone } from './example/pod.ts'
import { chart, helmOf } from './install.ts'
import {
  madeByOperator,
  operatedPod,
  removeOperator,
  startOperator,
  team,
} from './prometheus-operator.ts'
import { createNamespace } from './namespace.ts'
import { folders, kubectl, promApiAt } from './running.ts'

const patience = { timeout: 120_000, interval: 1_000 }
const namespace = 'observed'
const helm = helmOf(folders, { name: 'observed', namespace })
const own = [
  `--set=prometheus.url=http://prometheus-operated.${team}.svc:9090`,
  // An agent beside that of the other tests.
  '--set=agent.interval=2s,agent.udp=off,agent.kernel.pinDirectory=',
]
const byPods = ['--values', join(chart, 'ci/pod-monitor-values.yaml'), ...own]
const podMonitors = [...byPods, '--set=monitors.podMonitor.interval=2s']
const byServices = ['--values', join(chart, 'ci/service-monitor-values.yaml'), ...own]
const inTeam = ['monitors.serviceMonitor', 'rules.prometheusRule', 'dashboards.configMaps']
const serviceMonitors = [...byServices, ...inTeam.map(key => `--set=${key}.namespace=${team}`)]

const Config = z.object({
  scrape_configs: z.array(z.object({ job_name: z.string(), metrics_path: z.string() })),
})
const Targets = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ labels: z.record(z.string(), z.string()), health: z.string() }),
    ),
  }),
})
const Groups = z.object({
  groups: z.array(
    z.object({ name: z.string(), rules: z.array(z.looseObject({ expr: z.string() })) }),
  ),
})
const Rules = z.object({
  data: z.object({
    groups: z.array(
      z.object({ name: z.string(), rules: z.array(z.object({ health: z.string() })) }),
    ),
  }),
})
const Answer = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
})

beforeAll(() => kubectl(['create', 'namespace', namespace]))
afterAll(async () => {
  await helm('uninstall')
  await removeOperator()
  await kubectl(['delete', '--wait=false', 'namespace', namespace, 'watched'])
})

test('in a cluster without the operator, the chart says what to install', async () => {
  const refused = helm('install', chart, ...podMonitors)
  await expect(refused).rejects.toThrow(
    'monitors.podMonitor: this cluster has no PodMonitor (monitoring.coreos.com/v1). Install the Prometheus Operator',
  )
})

describe('in a cluster with the Prometheus Operator', () => {
  beforeAll(async () => {
    await startOperator()
    await helm('install', chart, ...podMonitors)
  })

  test('PodMonitors and a PrometheusRule become a configuration that promtool takes', async () => {
    await vi.waitFor(async () => {
      expect(await jobs()).toEqual({
        'podMonitor/observed/observed-podatlas-agent/0': '/metrics',
        'podMonitor/observed/observed-podatlas-geoip/0': '/metrics',
        'podMonitor/observed/observed-podatlas-peers/0': '/metrics',
      })
    }, patience)
    const path = ['-n', namespace, 'get', 'prometheusrule/observed-podatlas-rules', '-o=json']
    const { spec } = z.object({ spec: Groups }).parse(JSON.parse(await kubectl(path)))
    // The operator may make the configuration anew for each object that it finds.
    const rules = await vi.waitFor(async () => {
      const texts = Object.values(await ruleFiles())
      expect(texts.map(text => expressionsOf(parse(text)))).toEqual([expressionsOf(spec)])
      return texts
    }, patience)
    await promtool('config', await configuration())
    for (const text of rules) await promtool('rules', text)
  })

  test('Prometheus finds the agents, geoip and peers by them, under the names of the dashboards', async () => {
    await vi.waitFor(async () => {
      expect(await targets()).toEqual(['geo up', 'peers up', 'podatlas-agent up'])
    }, patience)
  })

  test('what a pod sends is in that Prometheus, to the byte', async () => {
    await createNamespace(kubectl, 'watched')
    const args = ['call', '192.0.2.10:7000,connections=3,send=2003,receive=4001']
    await createPod('watched', 'sender', podOf({ sender: args }))
    await untilDone('watched', ['sender/sender'])
    const query = 'sum(podatlas_transmit_bytes_total{k8s_pod="sender",k8s_namespace="watched"})'
    await vi.waitFor(async () => expect(await ask(query)).toEqual([3 * 2003]), patience)
  })

  test('the rules of the chart run there', async () => {
    await vi.waitFor(async () => {
      const { data } = Rules.parse(await api('rules'))
      const ofName = new Map(data.groups.map(({ name, rules }) => [name, rules]))
      const often = ['podatlas-traffic', 'podatlas-geo', 'podatlas-peers', 'podatlas-agent']
      for (const name of often) {
        expect(new Set(ofName.get(name)?.map(rule => rule.health)), name).toEqual(new Set(['ok']))
      }
    }, patience)
  })

  test('with ServiceMonitors instead, in the namespace of that team, the agents push and the others are scraped', async () => {
    await helm('upgrade', chart, ...serviceMonitors)
    await vi.waitFor(async () => {
      expect(await jobs()).toEqual({
        [`serviceMonitor/${team}/observed-observed-podatlas-geoip/0`]: '/metrics',
        [`serviceMonitor/${team}/observed-observed-podatlas-peers/0`]: '/metrics',
      })
      expect(await targets()).toEqual(['geo up', 'peers up'])
      expect(await ask('count(podatlas_agent_series_budget{job=""})')).toEqual([1])
    }, patience)
  })
})

async function configuration(): Promise<string> {
  const path = ['-o', String.raw`jsonpath={.data.prometheus\.yaml\.gz}`]
  const packed = await kubectl(['-n', team, 'get', 'secret', madeByOperator.config, ...path])
  return gunzipSync(Buffer.from(packed, 'base64')).toString()
}

/** Paths that are scraped, by job. */
async function jobs(): Promise<Record<string, string>> {
  const { scrape_configs } = Config.parse(parse(await configuration()))
  return Object.fromEntries(scrape_configs.map(one => [one.job_name, one.metrics_path]))
}

async function ruleFiles(): Promise<Record<string, string>> {
  const get = ['-n', team, 'get', 'configmap', madeByOperator.rules, '-o=json']
  const { data } = z
    .object({ data: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await kubectl(get)))
  return data
}

function expressionsOf(rules: unknown): Record<string, string[]> {
  const { groups } = Groups.parse(rules)
  return Object.fromEntries(groups.map(one => [one.name, one.rules.map(({ expr }) => expr)]))
}

/** Errors: promtool refuses it. */
async function promtool(what: 'config' | 'rules', text: string): Promise<void> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-promtool-'))
  const file = join(folder.path, `${what}.yaml`)
  writeFileSync(file, text)
  await run(toolPath('prometheus', 'promtool'), ['check', what, file])
}

async function targets(): Promise<string[]> {
  const { data } = Targets.parse(await api('targets'))
  return data.activeTargets.map(({ labels, health }) => `${labels['job']} ${health}`).toSorted()
}

async function ask(query: string): Promise<number[]> {
  const { data } = Answer.parse(await api(`query?${new URLSearchParams({ query })}`))
  return data.result.map(({ value }) => Number(value[1]))
}

async function api(path: string): Promise<unknown> {
  return await promApiAt(`http://${await podAddress(team, operatedPod)}:9090`)(path)
}
