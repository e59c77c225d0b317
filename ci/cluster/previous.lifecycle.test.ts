import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { agent, programsOfAgent, untilHolding, untilReplaced } from './agent.ts'
import { create } from './example/pod.ts'
import { chart, helmOf, type Release, values } from './install.ts'
import { installOperatorKinds, othersNamespaces, removeOperatorKinds } from './operator-kinds.ts'
import { datagrams, startPump, streams, visits } from './pump.ts'
import { settled } from './release-state.ts'
import { folders, kubectl } from './running.ts'
import { removeWitness, startWitness } from './witness.ts'

/** The chart as it was before: docs/decisions say which one, and when it is replaced. */
const previous = join(import.meta.dirname, 'previous/podatlas-0.0.1.tgz')
const patience = { timeout: 60_000, interval: 500 }
const pins = '/sys/fs/bpf/podatlas'
const largestSecretBytes = 256 * 1024

describe('the release of these tests', () => {
  const release: Release = { name: 'podatlas', namespace: 'podatlas' }
  const helm = helmOf(folders, release)
  const helm3 = helmOf(folders, { ...release, helm: 'helm3' })

  afterAll(async () => {
    await helm('upgrade', chart, '--values', values)
    await settled('podatlas', ['daemonset/podatlas-agent', 'deployment/podatlas-prometheus'])
    await removeWitness()
  })

  test('over an upgrade from the previous chart, from Helm 3 to Helm 4, and a rollback, no byte is lost', async () => {
    const witness = await startWitness()
    const own = `--set=prometheus.enabled=false,grafana.enabled=false,prometheus.url=${witness.url}`
    const all = ['--values', values, own]
    await helm('uninstall')
    await vi.waitFor(() => expect(existsSync(pins)).toBe(false), patience)
    await helm3('install', previous, ...all)
    await settled('podatlas', ['daemonset/podatlas-agent'])

    const pump = await startPump('upgraded', [streams, visits, datagrams], witness.api)
    const programs = await programsOfAgent()
    // New values come along, so that every step replaces the agent.
    await step(() => helm('upgrade', chart, ...all, '--set=agent.interval=3s'))
    await pump.untilMore()
    await step(() => helm('rollback', '1'))
    await pump.untilMore()
    await step(() => helm('upgrade', chart, ...all, '--set=agent.series.budget=150000'))
    await pump.untilMore()
    // The kernel's part went on all the time: each agent adopted the programs of the one before.
    await untilHolding(programs)
    await pump.allIsCounted()
  })
})

async function step(work: () => Promise<unknown>): Promise<void> {
  const old = await agent()
  await work()
  await untilReplaced(old)
}

describe('the objects of each way of use', () => {
  const files = ['ci', 'tests']
    .flatMap(folder => readdirSync(join(chart, folder)).map(name => join(chart, folder, name)))
    .filter(path => /\/ci\/.*-values\.yaml$|\/everything-values\.yaml$/.test(path))

  beforeAll(async () => {
    const namespaces = [...files.map(namespaceOf), ...othersNamespaces]
    const metadata = namespaces.map(name => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    }))
    // What counts are the objects: their pods are refused.
    const quotas = namespaces.map(namespace => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'no-pods', namespace },
      spec: { hard: { pods: '0' } },
    }))
    await create(...metadata, ...quotas)
    await installOperatorKinds()
  })
  afterAll(async () => {
    await removeOperatorKinds()
    await kubectl(['delete', '--wait=false', 'namespace', ...files.map(namespaceOf)])
    await kubectl(['delete', 'namespace', ...othersNamespaces])
  })

  test.concurrent.for(files.map(file => [basename(file), file] as const))(
    '%s: upgraded from the previous chart, stored in less than 256 KiB, removed without a trace',
    async ([, file]) => {
      const release: Release = { name: namespaceOf(file), namespace: namespaceOf(file) }
      const [helm, helm3] = [
        helmOf(folders, release),
        helmOf(folders, { ...release, helm: 'helm3' }),
      ]
      const all = ['--values', file]
      // Values that it did not know yet come with the upgrade.
      await helm3('install', previous, ...all).catch(async () => await helm3('install', previous))
      await helm('upgrade', chart, ...all)
      expect(await storedBytes(release, 2)).toBeLessThan(largestSecretBytes)
      await helm('uninstall')
      expect(await leftOf(release)).toBe('')
    },
  )
})

function namespaceOf(file: string): string {
  return `each-${basename(file, '-values.yaml')}`
}

/** Objects of a release that is gone. */
async function leftOf({ name, namespace }: Release): Promise<string> {
  const ours = ['-l', `app.kubernetes.io/instance=${name}`, '-o', 'name']
  const kinds =
    'daemonsets,deployments,services,configmaps,secrets,serviceaccounts,roles,rolebindings,pods,networkpolicies,ingresses,httproutes,podmonitors,servicemonitors,prometheusrules,grafanadashboards'
  const ofCluster = await kubectl(['get', 'clusterroles,clusterrolebindings', ...ours])
  return ofCluster + (await kubectl(['-n', namespace, 'get', kinds, ...ours]))
}

/** What Helm keeps of a revision of a release, as the API server stores it. */
async function storedBytes({ name, namespace }: Release, revision: number): Promise<number> {
  const secret = `secret/sh.helm.release.v1.${name}.v${revision}`
  const { data } = z
    .object({ data: z.object({ release: z.string() }) })
    .parse(JSON.parse(await kubectl(['-n', namespace, 'get', secret, '-o', 'json'])))
  return Buffer.from(data.release, 'base64').length
}
