import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'
import { chart } from './install.ts'
import { installOperatorKinds, othersNamespaces, removeOperatorKinds } from './operator-kinds.ts'
import { kubectl } from './running.ts'

const renders = readdirSync(join(chart, 'ci')).filter(file => file.endsWith('-values.yaml'))
const inRelease = ['-n', 'podatlas', 'get']
const patience = { timeout: 60_000, interval: 1_000 }

// Some renders put objects where another team's Prometheus or Grafana lives, or give them to its operator.
beforeAll(async () => {
  for (const name of othersNamespaces) await kubectl(['create', 'namespace', name])
  await installOperatorKinds()
})
afterAll(async () => {
  await removeOperatorKinds()
  await kubectl(['delete', 'namespace', ...othersNamespaces])
})

test('agent, geoip, peers and Prometheus are ready and were never restarted', async () => {
  const jsonpath =
    '{range .items[*].status.containerStatuses[*]}{.name} {.ready} {.restartCount}\n{end}'
  const ours = ['-l', 'app.kubernetes.io/component in (agent, geoip, peers, prometheus)']
  await vi.waitFor(async () => {
    const lines = await kubectl([...inRelease, 'pods', ...ours, '-o', `jsonpath=${jsonpath}`])
    expect(lines.trim().split('\n').toSorted()).toEqual([
      'agent true 0',
      'geoip true 0',
      'peers true 0',
      'prometheus true 0',
    ])
  }, patience)
})

test("Grafana's objects are accepted; only its pod is left out, as its image cannot be had here", async () => {
  const component = ['-l', 'app.kubernetes.io/component=grafana', '-o']
  for (const kind of ['deployment', 'service', 'configmap', 'serviceaccount']) {
    const names = await kubectl([...inRelease, kind, ...component, 'name'])
    expect(names, kind).toContain('podatlas-grafana')
  }
  const status = '.items[*].status'
  const waiting = ['initContainerStatuses', 'containerStatuses']
    .map(statuses => `{${status}.${statuses}[*].state.waiting.reason}`)
    .join(' ')
  const reasons = async () =>
    await kubectl([...inRelease, 'pods', ...component, `jsonpath=${waiting}`])
  await vi.waitFor(
    async () => expect(await reasons()).toMatch(/ErrImagePull|ImagePullBackOff/),
    patience,
  )
})

test.for(renders)(
  'the API server takes the chart with %s, strictly and without a warning',
  async file => {
    const values = ['--values', join(chart, 'ci', file)]
    const target = ['--namespace', 'podatlas', '--kube-version', '1.34.4']
    const helm = toolPath('helm', 'helm')
    const manifests = await run(helm, ['template', 'rendered', chart, ...target, ...values])
    const strict = ['--dry-run=server', '--validate=strict', '--warnings-as-errors']
    const answer = await kubectl(['apply', ...strict, '-f', '-'], manifests)
    expect(answer).toContain('created (server dry run)')
  },
)

test.for([
  ['PodMonitor', 'monitoring.coreos.com/v1', { selector: {}, podMetricEndpoints: [] }],
  ['HTTPRoute', 'gateway.networking.k8s.io/v1', { parentRef: [] }],
  ['GrafanaDashboard', 'grafana.integreatly.org/v1beta1', { instanceSelector: {}, folders: 'x' }],
])('a misspelt field of a %s would be noticed', async ([kind, apiVersion, spec]) => {
  const misspelt = JSON.stringify({ apiVersion, kind, metadata: { name: 'misspelt' }, spec })
  const strict = ['--dry-run=server', '--validate=strict', '-f', '-']
  const answer = kubectl(['-n', 'podatlas', 'create', ...strict], misspelt)
  await expect(answer).rejects.toThrow(/unknown field "spec\.\w+"/)
})
