import { mkdtempDisposableSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { kubectl } from './running.ts'

const deploy = join(import.meta.dirname, '../../deploy')
const namespaces = ['observability', 'without-helm']

beforeAll(() => Promise.all(namespaces.map(name => kubectl(['create', 'namespace', name]))))
afterAll(async () => {
  await kubectl(['delete', 'namespace', ...namespaces, '--wait=false'])
  for (const kind of ['clusterrole', 'clusterrolebinding']) {
    await kubectl(['delete', kind, 'static-agent', 'static-peers', '--ignore-not-found'])
  }
})

test.each(['base', 'example'])(
  'the API server takes what kustomize makes of deploy/%s, strictly and without a warning',
  async folder => {
    const strict = ['--dry-run=server', '--validate=strict', '--warnings-as-errors']
    // Helm has made objects of these names, which nobody would overwrite but a dry run.
    const apply = ['apply', '--server-side', '--force-conflicts', ...strict]
    const answer = await kubectl([...apply, '-k', join(deploy, folder)])
    expect(answer).toContain('daemonset.apps/podatlas-agent')
    expect(answer.includes('deployment.apps/podatlas-grafana')).toBe(folder === 'base')
  },
)

test('the manifest runs in a namespace that an overlay chooses, and its parts find each other there', async () => {
  using folder = mkdtempDisposableSync(join(realpathSync(tmpdir()), 'podatlas-overlay-'))
  const base = relative(folder.path, join(deploy, 'base'))
  writeFileSync(join(folder.path, 'kustomization.yaml'), overlay(base))
  await kubectl(['apply', '--server-side', '-k', folder.path])
  const parts = ['geoip', 'peers', 'prometheus'].map(name => `deployment/podatlas-${name}`)
  const here = ['-n', 'without-helm']
  await kubectl([...here, 'wait', '--for=condition=Available', ...parts, '--timeout=120s'])

  const service = '/api/v1/namespaces/without-helm/services/podatlas-prometheus:9090/proxy'
  const ask = ['get', '--raw', `${service}/api/v1/query?query=up`]
  const jobs = async () => {
    const { data } = JSON.parse(await kubectl(ask))
    return data.result.map(({ metric, value }: any) => `${metric.job} ${value[1]}`)
  }
  await vi.waitFor(
    async () => expect(await jobs()).toEqual(expect.arrayContaining(['geo 1', 'peers 1'])),
    60_000,
  )
})

/**
 * Without the agent, of which a host has one, and without Grafana, whose image cannot be had here. What
 * is for the whole cluster gets a name of its own, as Helm's release has the other.
 */
function overlay(base: string): string {
  const removed = [
    ['apps/v1', 'DaemonSet', 'podatlas-agent'],
    ['apps/v1', 'Deployment', 'podatlas-grafana'],
  ].map(([apiVersion, kind, name]) => {
    const metadata = { name, namespace: 'podatlas' }
    return { patch: JSON.stringify({ $patch: 'delete', apiVersion, kind, metadata }) }
  })
  const renamed = ['ClusterRole', 'ClusterRoleBinding'].flatMap(kind =>
    ['agent', 'peers'].map(part => ({
      target: { kind, name: `podatlas-podatlas-${part}` },
      patch: JSON.stringify([{ op: 'replace', path: '/metadata/name', value: `static-${part}` }]),
      options: { allowNameChange: true },
    })),
  )
  const patches = [...removed, ...renamed]
  return JSON.stringify({ resources: [base], namespace: 'without-helm', patches })
}
