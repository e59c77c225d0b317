import { expect, vi } from 'vitest'
import { z } from 'zod'
import { ctr } from './containerd.ts'
import { kubectl } from './running.ts'

const Status = z.object({
  name: z.string(),
  containerID: z.string().default(''),
  ready: z.boolean(),
  restartCount: z.int(),
})
const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), uid: z.string() }),
      status: z.object({ containerStatuses: z.array(Status).default([]) }),
    }),
  ),
})

/** A container of a running pod. */
export type Container = z.output<typeof Status> & { readonly pod: string; readonly podUid: string }

/** The containers of the pods that `select` selects, such as `['-l', 'app=shop']`. */
export async function containers(namespace: string, select: string[] = []): Promise<Container[]> {
  const pods = await kubectl(['-n', namespace, 'get', 'pods', ...select, '-o', 'json'])
  return Pods.parse(JSON.parse(pods)).items.flatMap(({ metadata, status }) =>
    status.containerStatuses.map(container => ({
      ...container,
      pod: metadata.name,
      podUid: metadata.uid,
    })),
  )
}

/** Waits for the id of a namespace's only container: its log may be there before the kubelet has told that. */
export async function onlyContainer(namespace: string): Promise<Container> {
  return await vi.waitFor(
    async () => {
      const all = await containers(namespace)
      expect(all.map(({ containerID }) => containerID)).toEqual([expect.stringMatching(/./)])
      return all[0]!
    },
    { timeout: 60_000, interval: 250 },
  )
}

/** The first process of a container. The tests share the process IDs of the node. */
export async function processOf({ containerID, pod, name }: Container): Promise<number> {
  const id = containerID.slice(containerID.lastIndexOf('/') + 1)
  const tasks = (await ctr('--namespace', 'k8s.io', 'tasks', 'list')).split('\n')
  const [, pid] = tasks.find(line => line.startsWith(id))?.split(/\s+/) ?? []
  if (id === '' || pid === undefined) throw new Error(`${pod}/${name} has no process`)
  return Number(pid)
}

/** Sends a signal to the programs of all containers of a namespace. */
export async function tell(namespace: string, signal: NodeJS.Signals): Promise<void> {
  for (const container of await containers(namespace)) {
    process.kill(await processOf(container), signal)
  }
}
