import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { places } from '../addresses.ts'
import type { ClusterFolders } from '../folders.ts'
import { kubectlOf } from '../kubectl.ts'
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
  await apply(folders, 'elders.yaml', 'old')
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
  await kubectlOf(folders)(['apply', '-f', join(import.meta.dirname, 'workloads.yaml')])
  await apply(folders, 'example.yaml', 'shop')
  progress('example pods run')
}

async function apply(folders: ClusterFolders, file: string, namespace: string): Promise<void> {
  const kubectl = kubectlOf(folders)
  await kubectl(['apply', '-f', join(import.meta.dirname, file)])
  const allReady = ['--for=condition=Ready', 'pods', '--all', '--timeout=120s']
  await kubectl(['-n', namespace, 'wait', ...allReady])
}
