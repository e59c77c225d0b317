import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'
import { chart, helmOf } from './install.ts'
import { createNamespace } from './namespace.ts'
import { settled } from './release-state.ts'
import { folders, kubectl } from './running.ts'

const namespace = 'strict'
const helm = helmOf(folders, { name: 'strict', namespace })
const levels = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
}
const dryRun = ['apply', '--dry-run=server', '--validate=strict', '--warnings-as-errors', '-f', '-']
const patience = { timeout: 60_000, interval: 500 }
const Kind = z.looseObject({ kind: z.string() })

beforeAll(() => createNamespace(kubectl, namespace, levels))
afterAll(async () => {
  await helm('uninstall', '--ignore-not-found')
  await kubectl(['delete', '--wait=false', 'namespace', namespace])
})

test('a namespace of the restricted Pod Security Standard warns of the agents and of nothing else', async () => {
  const target = ['--namespace', namespace, '--kube-version', '1.34.4']
  const rendered = await run(toolPath('helm', 'helm'), ['template', 'strict', chart, ...target])
  const documents = parseAllDocuments(rendered)
  const objects = (Array.isArray(documents) ? documents : []).map(one => Kind.parse(one.toJS()))
  const agents = objects.filter(({ kind }) => kind === 'DaemonSet')
  const others = objects.filter(object => !agents.includes(object))
  expect(others.map(({ kind }) => kind)).toContain('Deployment')
  await kubectl(dryRun, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: others }))
  await expect(kubectl(dryRun, JSON.stringify(agents[0]))).rejects.toThrow(
    /would violate PodSecurity "restricted:latest"/,
  )
})

test('everything but the agents runs there, and an event says what to do about those', async () => {
  await helm('install', chart)
  const deployments = ['geoip', 'peers', 'prometheus'].map(
    name => `deployment/strict-podatlas-${name}`,
  )
  await settled(namespace, deployments)
  // Its image cannot be had here; what counts is that its pod was taken.
  const grafana = ['-l', 'app.kubernetes.io/component=grafana', '-o', 'name']
  await vi.waitFor(
    async () =>
      expect(await kubectl(['-n', namespace, 'get', 'pods', ...grafana])).toMatch(/^pod\//),
    patience,
  )
  const events = ['--field-selector', 'reason=FailedCreate', '-o=jsonpath={.items[*].message}']
  await vi.waitFor(async () => {
    const messages = await kubectl(['-n', namespace, 'get', 'events', ...events])
    expect(messages).toContain('violates PodSecurity "restricted:latest"')
  }, patience)
  const notes = await helm('status')
  expect(notes).toContain(
    `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=privileged`,
  )
})
