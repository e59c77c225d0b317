import { z } from 'zod'
import { kubectl } from './running.ts'

const Objects = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({
        name: z.string(),
        uid: z.string(),
        deletionTimestamp: z.string().optional(),
        labels: z.record(z.string(), z.string()).default({}),
        generation: z.int().optional(),
        resourceVersion: z.string(),
      }),
    }),
  ),
})
const kinds = [
  'daemonsets',
  'deployments',
  'services',
  'configmaps',
  'secrets',
  'serviceaccounts',
  'roles',
  'rolebindings',
  'clusterroles',
  'clusterrolebindings',
]

/** UIDs of the pods of a release by their component, but of those that are about to end. */
export async function podsOf(namespace: string): Promise<Record<string, string>> {
  const { items } = await objects(namespace, ['pods'])
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return Object.fromEntries(
    staying.map(({ metadata }) => [
      metadata.labels['app.kubernetes.io/component'] ?? metadata.name,
      metadata.uid,
    ]),
  )
}

/** What the API server counts up when an object is changed, and not when its status is, by kind and name. */
export async function versionsOf(namespace: string): Promise<Record<string, string>> {
  const { items } = await objects(namespace, kinds)
  return Object.fromEntries(
    items.map(({ kind, metadata }) => [
      `${kind}/${metadata.name}`,
      String(metadata.generation ?? metadata.resourceVersion),
    ]),
  )
}

/** Waits until the pods of a release are those of its objects of now, and ready. */
export async function settled(namespace: string, workloads: readonly string[]): Promise<void> {
  for (const workload of workloads) {
    await kubectl(['-n', namespace, 'rollout', 'status', workload, '--timeout=120s'])
  }
}

async function objects(namespace: string, wanted: readonly string[]) {
  const ours = ['-l', 'app.kubernetes.io/name=podatlas', '-o', 'json']
  return Objects.parse(
    JSON.parse(await kubectl(['-n', namespace, 'get', wanted.join(','), ...ours])),
  )
}
