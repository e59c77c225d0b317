import { join } from 'node:path'
import { places } from '../addresses.ts'
import type { ClusterFolders } from '../folders.ts'
import { kubectlOf } from '../kubectl.ts'
import { worldNamespace } from '../network.ts'
import { progress } from '../progress.ts'
import { startService } from '../service.ts'

/** Starts a server at each place of the world, then the pods that talk to them. */
export async function startExample(folders: ClusterFolders): Promise<void> {
  const talk = join(import.meta.dirname, 'talk.ts')
  const listeners = places.map(place => `${place.address}:7000`)
  const inWorld = [`--net=${worldNamespace}`, process.execPath, talk, 'serve', ...listeners]
  startService(folders.logs, 'nsenter', inWorld, 'world')
  const kubectl = kubectlOf(folders)
  await kubectl(['apply', '-f', join(import.meta.dirname, 'example.yaml')])
  const allReady = ['--for=condition=Ready', 'pods', '--all', '--timeout=120s']
  await kubectl(['-n', 'shop', 'wait', ...allReady])
  progress('example pods run')
}
