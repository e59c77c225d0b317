import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { agent, programsOfAgent, untilReplaced } from './agent.ts'
import { create } from './example/pod.ts'
import { chart, helmOf, type Release, values } from './install.ts'
import { installOperatorKinds, removeOperatorKinds } from './operator-kinds.ts'
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
    expect(await programsOfAgent()).toEqual(programs)
    await pump.allIsCounted()
  })
})

async function step(work: () => Promise<unknown>): Promise<void> {
  const old = await agent()
  await work()
  await untilReplaced(old)
}

describe('the objects of each way of use', () => {
  const namespace = 'each'
  const release: Release = { name: 'each', namespace }
  const helm = helmOf(folders, release)
  const helm3 = helmOf(folders, { ...release, helm: 'helm3' })
  const files = readdirSync(join(chart, 'ci')).filter(file => file.endsWith('-values.yaml'))

  beforeAll(async () => {
    await kubectl(['create', 'namespace', namespace])
    await kubectl(['create', 'namespace', 'monitoring'])
    // What counts are the objects: their pods are refused.
    const metadata = { name: 'no-pods', namespace }
    const spec = { hard: { pods: '0' } }
    await create({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec })
    await installOperatorKinds()
  })
  afterAll(async () => {
    await removeOperatorKinds()
    await kubectl(['delete', '--wait=false', 'namespace', namespace, 'monitoring'])
  })
  afterEach(() => helm('uninstall', '--ignore-not-found'))

  test.for(files)('%s: upgraded from the previous chart, rolled back, removed', async file => {
    const all = ['--values', join(chart, 'ci', file)]
    // Values that it did not know yet come with the upgrade.
    await helm3('install', previous, ...all).catch(async () => await helm3('install', previous))
    await helm('upgrade', chart, ...all)
    expect(await storedBytes()).toBeLessThan(largestSecretBytes)
    await helm('rollback', '1')
    await helm('uninstall')
    const left = ['-l', 'app.kubernetes.io/instance=each', '-o', 'name']
    const kinds = 'daemonsets,deployments,services,configmaps,secrets,serviceaccounts,roles'
    expect(await kubectl(['-n', namespace, 'get', kinds, ...left])).toBe('')
    expect(await kubectl(['get', 'clusterroles,clusterrolebindings', ...left])).toBe('')
  })

  /** What Helm keeps of the release, as the API server stores it. */
  async function storedBytes(): Promise<number> {
    const secret = ['-n', namespace, 'get', 'secret', 'sh.helm.release.v1.each.v2', '-o', 'json']
    const { data } = z
      .object({ data: z.object({ release: z.string() }) })
      .parse(JSON.parse(await kubectl(secret)))
    return Buffer.from(data.release, 'base64').length
  }
})
