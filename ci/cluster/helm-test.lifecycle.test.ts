import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { toolPath } from '../tools/tool.ts'
import { kubeconfigOf } from './certificates.ts'
import { talk } from './example/pod.ts'
import { chart, helmOf, values } from './install.ts'
import { settled } from './release-state.ts'
import { folders, kubectl, promql } from './running.ts'

const helm = helmOf(folders)
// Helm 3 prints the log as the hook tells it to, and would look for the pod of --logs when that is gone.
const argsOf = { helm: ['--logs'], helm3: [] } as const
const versions = ['helm', 'helm3'] as const
const prometheus = 'deployment/podatlas-prometheus'
const patience = { timeout: 60_000, interval: 500 }

beforeAll(async () => {
  await change()
  // Prometheus and agent may be new, and with them all that was known of public addresses.
  await talk('outgoing')
  const placed = 'geo_ip{k8s_pod="outgoing"}'
  await vi.waitFor(async () => expect(await promql(placed)).not.toEqual([]), patience)
})
afterAll(async () => {
  await scale(1)
  await change()
})

test.each(versions)('%s test finds bytes in Prometheus and places in geoip', async version => {
  const { output, code } = await helmTest(version)
  expect(output).toMatch(/Phase:\s+Succeeded/)
  expect(output).toMatch(/^ok +bytes /m)
  expect(output).toMatch(/^ok +places +geoip places \d+ of \d+ public addresses/m)
  expect(code).toBe(0)
  expect(await leftBehind()).toBe('')
})

test('helm test succeeds where all addresses are such as no database has, and says so', async () => {
  // The bundled databases alone: nobody has documentation addresses.
  await change('--set-json=geoip.database={"volume":null,"files":[]}')
  const { output, code } = await helmTest('helm')
  expect(output).toMatch(/^ok +places +geoip works .* has none of \d+ public addresses seen/m)
  expect(code).toBe(0)
})

test('helm test fails where geoip has a database of networks only', async () => {
  await change('--set=geoip.database.bundled=false', '--set=geoip.database.files={networks.mmdb}')
  const { output, code } = await helmTest('helm')
  expect(output).toMatch(/^FAIL +places +geoip places none of .*: is it the right database\?/m)
  expect(code).not.toBe(0)
})

test.each(versions)(
  '%s test fails where Prometheus does not answer, prints why, and leaves no pod that outlives the release',
  async version => {
    await scale(0)
    const { output, code } = await helmTest(version)
    expect(output).toMatch(/Phase:\s+Failed/)
    expect(output).toMatch(/^FAIL +bytes +.*podatlas-prometheus/m)
    expect(code).not.toBe(0)
    expect(await leftBehind()).toBe('')
  },
)

/** Upgrades the release; a test of it waits shortly, as what it waits for is there already, or will not come. */
async function change(...settings: string[]): Promise<void> {
  await helm('upgrade', chart, '--values', values, '--set=helmTest.wait=10s', ...settings)
  const functions = ['geoip', 'peers'].map(name => `deployment/podatlas-${name}`)
  await settled('podatlas', ['daemonset/podatlas-agent', ...functions, prometheus])
}

/** What a version of Helm prints to whoever runs the test of the release, and its exit code. */
async function helmTest(version: (typeof versions)[number]) {
  const kubeconfig = kubeconfigOf(folders.certificates, 'admin')
  const target = ['--namespace=podatlas', '--timeout=90s', `--kubeconfig=${kubeconfig}`]
  const child = spawn(toolPath(version, 'helm'), [
    'test',
    'podatlas',
    ...argsOf[version],
    ...target,
  ])
  const ended = once(child, 'close')
  const output = (await Promise.all([text(child.stdout), text(child.stderr)])).join('')
  const [code] = await ended
  return { output, code }
}

async function leftBehind(): Promise<string> {
  return await podsOf('test')
}

async function podsOf(component: string): Promise<string> {
  const label = `app.kubernetes.io/component=${component}`
  return await kubectl(['-n', 'podatlas', 'get', 'pods', '-l', label, '-o', 'name'])
}

async function scale(replicas: number): Promise<void> {
  await kubectl(['-n', 'podatlas', 'scale', prometheus, `--replicas=${replicas}`])
  if (replicas > 0) await settled('podatlas', [prometheus])
  // One that is about to end still answers.
  else await vi.waitFor(async () => expect(await podsOf('prometheus')).toBe(''), patience)
}
