import { join } from 'node:path'
import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'
import { networks, places } from './addresses.ts'
import { kubeconfigOf } from './certificates.ts'
import type { ClusterFolders } from './folders.ts'
import { kubectlOf } from './kubectl.ts'
import { progress } from './progress.ts'

/** A release of the chart, and the version of Helm that keeps it. */
export type Release = {
  readonly name: string
  readonly namespace: string
  readonly helm?: 'helm' | 'helm3'
}
const namespace = 'podatlas'
const underTest: Release = { name: 'podatlas', namespace }
/** The chart under test. */
export const chart = join(import.meta.dirname, '../../chart')
/** What all tests change of it. */
export const values = join(import.meta.dirname, 'values.yaml')

/** Installs the chart with Helm, and waits for every pod whose image can be had here. */
export async function installChart(folders: ClusterFolders): Promise<void> {
  const kubectl = kubectlOf(folders)
  await kubectl(['create', 'namespace', namespace])
  await putPlaces(folders)
  await helmOf(folders)('install', chart, '--values', values)
  progress('chart installed')
  const pods = ['pods', '-l', 'app.kubernetes.io/component in (agent, geoip, peers, prometheus)']
  await kubectl(['-n', namespace, 'wait', '--for=create', ...pods, '--timeout=60s'])
  await kubectl(['-n', namespace, 'wait', '--for=condition=Ready', ...pods, '--timeout=120s'])
  progress('agent, geoip, peers and Prometheus are ready')
}

/** Helm on a release, by default that of all tests: `helm('upgrade', chart, '--reuse-values')`. */
export function helmOf({ certificates }: ClusterFolders, release = underTest) {
  const kubeconfig = kubeconfigOf(certificates, 'admin')
  const target = ['--namespace', release.namespace, '--kubeconfig', kubeconfig]
  return (verb: string, ...args: string[]): Promise<string> =>
    run(toolPath(release.helm ?? 'helm', 'helm'), [verb, release.name, ...args, ...target])
}

/** Gives geoip databases that know the documentation addresses, and who runs their networks. */
async function putPlaces(folders: ClusterFolders): Promise<void> {
  const located = places.map(({ address, ...place }) => ({ network: `${address}/32`, ...place }))
  const files = [
    await writeDatabase(folders, 'nested', 'places.mmdb', located),
    await writeDatabase(folders, 'asn', 'networks.mmdb', networks),
  ]
  const map = ['create', 'configmap', 'places', ...files.map(file => `--from-file=${file}`)]
  await kubectlOf(folders)(['-n', namespace, ...map])
}

async function writeDatabase(
  { root }: ClusterFolders,
  schema: string,
  name: string,
  content: readonly object[],
): Promise<string> {
  const file = join(root, name)
  const args = ['-schema', schema, '-out', file]
  await run(toolPath('mmdb', 'mmdb'), args, JSON.stringify(content))
  return file
}
