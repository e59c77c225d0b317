import { expect, vi } from 'vitest'
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
const Workload = z.object({
  metadata: z.object({ generation: z.int() }),
  spec: z.object({ replicas: z.int().optional() }),
  status: z.object({
    observedGeneration: z.int(),
    desiredNumberScheduled: z.int().optional(),
    updatedNumberScheduled: z.int().optional(),
    numberReady: z.int().optional(),
    replicas: z.int().optional(),
    updatedReplicas: z.int().optional(),
    readyReplicas: z.int().optional(),
  }),
})
const patience = { timeout: 120_000, interval: 300 }
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

/**
 * UIDs of the pods of a release by their component, but of those that are about to end.
 * Its namespace has its name, here and below.
 */
export async function podsOf(release: string): Promise<Record<string, string>> {
  const { items } = await objects(release, ['pods'])
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return Object.fromEntries(
    staying.map(({ metadata }) => [
      metadata.labels['app.kubernetes.io/component'] ?? metadata.name,
      metadata.uid,
    ]),
  )
}

/** What the API server counts up when an object is changed, and not when its status is, by kind and name. */
export async function versionsOf(release: string): Promise<Record<string, string>> {
  const { items } = await objects(release, kinds)
  return Object.fromEntries(
    items.map(({ kind, metadata }) => [
      `${kind}/${metadata.name}`,
      String(metadata.generation ?? metadata.resourceVersion),
    ]),
  )
}

/** Waits until the pods of a release's workloads (`daemonset/podatlas-agent`) are those of now, and ready. */
export async function settled(namespace: string, workloads: readonly string[]): Promise<void> {
  for (const workload of workloads) {
    await vi.waitFor(async () => {
      const text = await kubectl(['-n', namespace, 'get', workload, '-o', 'json'])
      const { metadata, spec, status } = Workload.parse(JSON.parse(text))
      const wanted = spec.replicas ?? status.desiredNumberScheduled
      expect(status, workload).toMatchObject({ observedGeneration: metadata.generation })
      // Not available, which an agent is 20 s later.
      const [updated, ready] = [
        status.updatedReplicas ?? status.updatedNumberScheduled,
        status.readyReplicas ?? status.numberReady,
      ]
      // While the one before stays until its successor is ready, that is the one which is.
      const there = status.replicas ?? wanted
      const all = { updated: wanted, ready: wanted, there: wanted }
      expect({ workload, updated, ready, there }).toEqual({ workload, ...all })
    }, patience)
  }
}

async function objects(release: string, wanted: readonly string[]) {
  const ours = ['-l', `app.kubernetes.io/instance=${release}`, '-o', 'json']
  return Objects.parse(JSON.parse(await kubectl(['-n', release, 'get', wanted.join(','), ...ours])))
}
