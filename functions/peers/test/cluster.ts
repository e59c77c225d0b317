import { createDirectory } from '../directory.ts'
import type { Directory } from '../directory.ts'
import { infoSeries } from '../info-series.ts'
import { lookUp } from '../lookup.ts'
import { resources } from '../resources.ts'
import type { Resource } from '../resources.ts'
import { createStrangers } from '../strangers.ts'
import type { ApiObject } from './fake-api-server.ts'

/** What is known of a cluster, fed by hand, with what was left out and found at fault. */
export function demoCluster(options: { maxPeers?: number; podNetworks?: readonly string[] } = {}) {
  const faults: string[] = []
  const leftOut: Record<string, number> = {}
  const directory: Directory = createDirectory({
    maxPeers: options.maxPeers ?? 1_000,
    podNetworks: options.podNetworks ?? [],
    onFault: (resource, fault) => faults.push(`${resource} ${fault}`),
    onLeftOut: (kind, count) => {
      leftOut[kind] = (leftOut[kind] ?? 0) + count
    },
  })
  const strangers = createStrangers(directory.owners, 10)
  return {
    directory,
    strangers,
    faults,
    leftOut,
    ...lookUp(directory),
    put: (resource: Resource, ...objects: readonly ApiObject[]) => {
      for (const object of objects) directory.keepers[resource].put(object)
    },
    remove: (resource: Resource, object: ApiObject) => directory.keepers[resource].remove(object),
    /** The whole cluster in one go, as a list brings it. */
    list: (objects: Partial<Record<Resource, readonly ApiObject[]>>) => {
      for (const resource of resources) {
        const keeper = directory.keepers[resource]
        keeper.startList()
        for (const object of objects[resource] ?? []) keeper.put(object)
        keeper.endList()
      }
    },
    /** Lines of podatlas_peer_info, sorted. */
    series: (cluster = '') =>
      [...infoSeries(directory, strangers, cluster)]
        .join('')
        .split('\n')
        .filter(line => line.startsWith('podatlas_peer_info{'))
        .toSorted(),
  }
}
