import { join } from 'node:path'
import { bundle } from '../bundle.ts'
import { type Component, npmComponents } from '../component.ts'

const entry = join(import.meta.dirname, '../../../functions/peers/main.ts')

/**
 * peers' bundle. Of the Kubernetes client it uses how to reach an API server. The classes of every kind of object would come
 * along, which the package does not mark as free of side effects, and cost some 50 MB of memory.
 */
export async function stagePeers(root: string): Promise<Component[]> {
  const options = { pure: ['@kubernetes/client-node'] }
  return npmComponents(await bundle(entry, join(root, '/app/peers.mjs'), options))
}
