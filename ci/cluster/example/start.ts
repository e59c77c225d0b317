import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { places } from '../addresses.ts'
import type { ClusterFolders } from '../folders.ts'
import { kubectlOf } from '../kubectl.ts'
import { createNamespace } from '../namespace.ts'
import { worldNamespace } from '../network.ts'
import { progress } from '../progress.ts'
import { startService } from '../service.ts'

const talk = join(import.meta.dirname, 'talk.ts')

/** Starts a server at each place of the world, for TCP and for UDP. */
export function startWorld({ logs }: ClusterFolders): void {
  const inWorld = [`--net=${worldNamespace}`, process.execPath, talk]
  startService(logs, 'nsenter', [...inWorld, 'serve', ...listeners(7000)], 'world')
  startService(logs, 'nsenter', [...inWorld, 'echo', ...listeners(7000)], 'world-udp')
  // Apart, because what it counts is not all counted by the agent.
  startService(logs, 'nsenter', [...inWorld, 'serve', ...listeners(7001)], 'world-old')
}

function listeners(port: number): string[] {
  return places.map(place => `${place.address}:${port}`)
}

/** Starts pods whose connections are open before any agent is there. */
export async function startElders(folders: ClusterFolders): Promise<void> {
  const kubectl = kubectlOf(folders)
  await create(folders, 'elders.yaml', 'old')
  await untilReady(folders, 'old')
  const isConnected = async () =>
    (await kubectl(['-n', 'old', 'logs', 'elder', '--tail=1'])).match(/"open":1/g)?.length === 2
  for (let patience = 100; !(await isConnected()); patience--) {
    if (patience === 0) throw new Error('pod elder of the example has not connected')
    await sleep(200)
  }
  progress('old connections are open')
}

/** Starts the pods that talk to the world and to each other. */
export async function startExample(folders: ClusterFolders): Promise<void> {
  // Their test waits for them itself.
  await create(folders, 'workloads.yaml', 'workloads')
  await create(folders, 'example.yaml', 'shop')
  await untilReady(folders, 'shop')
  progress('example pods run')
}

async function create(folders: ClusterFolders, file: string, namespace: string): Promise<void> {
  const kubectl = kubectlOf(folders)
  await createNamespace(kubectl, namespace)
  await kubectl(['create', '-f', join(import.meta.dirname, file)])
}

async function untilReady(folders: ClusterFolders, namespace: string): Promise<void> {
  const allReady = ['--for=condition=Ready', 'pods', '--all', '--timeout=120s']
  await kubectlOf(folders)(['-n', namespace, 'wait', ...allReady])
}
