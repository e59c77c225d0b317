import { join } from 'node:path'
import { z } from 'zod'
import { run } from '../image/run.ts'
import { ctr } from './containerd.ts'
import { kubectl } from './running.ts'

const program = join(import.meta.dirname, 'example/reach.ts')
const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        uid: z.string(),
        deletionTimestamp: z.string().optional(),
      }),
      status: z.object({ podIP: z.string().default('') }),
    }),
  ),
})

/** A network to look from, as a file, and the address it is known by. */
export type Place = { readonly network: string; readonly address: string }

/** Where the only pod is that `select` selects, such as `['-l', 'app=shop']`; its containers need not run. */
export async function placeOf(namespace: string, select: readonly string[] = []): Promise<Place> {
  const all = await kubectl(['-n', namespace, 'get', 'pods', ...select, '-o', 'json'])
  const { items } = Pods.parse(JSON.parse(all))
  const pods = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const [pod] = pods
  if (!pod || pods.length > 1 || pod.status.podIP === '') {
    throw new Error(
      `${namespace} ${select.join(' ')}: ${pods.length} pods instead of one with an address`,
    )
  }
  return { network: await networkOf(pod.metadata.uid), address: pod.status.podIP }
}

/** Names of the targets, `ADDRESS:PORT` by name, that take a connection from there. */
export async function reachedFrom(
  network: string,
  targets: Readonly<Record<string, string>>,
): Promise<string[]> {
  const command = [`--net=${network}`, process.execPath, program, ...Object.values(targets)]
  const reached = new Set((await run('nsenter', command)).split('\n'))
  return Object.keys(targets).filter(name => reached.has(targets[name]!))
}

/** Of the sandbox, which is there before any container is. */
async function networkOf(podUid: string): Promise<string> {
  const labels = [`"io.kubernetes.pod.uid"==${podUid}`, '"io.cri-containerd.kind"==sandbox']
  const filter = labels.map(label => `labels.${label}`).join(',')
  const inCluster = ['--namespace', 'k8s.io']
  const ids = (await ctr(...inCluster, 'containers', 'list', '--quiet', filter)).trim().split('\n')
  const tasks = (await ctr(...inCluster, 'tasks', 'list'))
    .split('\n')
    .map(line => line.split(/\s+/))
  const pid = tasks.find(([id = '', , state]) => ids.includes(id) && state === 'RUNNING')?.[1]
  if (pid === undefined) throw new Error(`pod ${podUid} has no network`)
  return `/proc/${pid}/ns/net`
}
