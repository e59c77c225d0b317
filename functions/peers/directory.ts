import { createEndpoints } from './endpoints.ts'
import type { Endpoints } from './endpoints.ts'
import { readEndpointSlice } from './endpoint-slice.ts'
import type { EndpointSlice } from './endpoint-slice.ts'
import type { Fields } from './fields.ts'
import { fieldsAt, textAt } from './fields.ts'
import { createInterner } from './interner.ts'
import { readNode } from './node.ts'
import type { ClusterNode } from './node.ts'
import type { Owner } from './owner.ts'
import { createOwners } from './owners.ts'
import type { Owners } from './owners.ts'
import { readPod } from './pod.ts'
import { createPodNetworks } from './pod-networks.ts'
import type { PodNetworks } from './pod-networks.ts'
import type { Fault } from './reader.ts'
import type { Resource } from './resources.ts'
import { readService } from './service.ts'
import { createTable } from './table.ts'
import type { Table } from './table.ts'

/** Takes what lists and watches of one resource bring. No object, however strange, makes it throw. */
export type Keeper = {
  readonly put: (object: Fields) => void
  readonly remove: (object: Fields) => void
  readonly startList: () => void
  readonly endList: () => void
  readonly size: () => number
}

/** All that is known about the cluster. */
export type Directory = {
  readonly keepers: Readonly<Record<Resource, Keeper>>
  readonly owners: Owners
  readonly endpoints: Endpoints
  readonly podNetworks: PodNetworks
  readonly nodes: Nodes
}

export type Nodes = {
  readonly get: (name: string) => ClusterNode | undefined
  readonly all: () => Iterable<ClusterNode>
}

export type DirectoryParts = {
  readonly maxPeers: number
  /** Networks of pods that no node tells. */
  readonly podNetworks: readonly string[]
  readonly onFault: (resource: Resource, fault: Fault) => void
  readonly onLeftOut: (kind: Owner['kind'] | 'endpoint', count: number) => void
}

export function createDirectory(parts: DirectoryParts): Directory {
  const { maxPeers, onFault, onLeftOut } = parts
  const intern = createInterner()
  const owners = createOwners(maxPeers)
  const endpoints = createEndpoints(maxPeers)
  const podNetworks = createPodNetworks(parts.podNetworks)
  const nodes = new Map<string, ClusterNode>()

  const readingOf = (resource: Resource) => ({
    intern,
    report: (fault: Fault) => onFault(resource, fault),
  })
  /** False when no claim found room. */
  function claim(before: readonly Owner[] = [], now: readonly Owner[] = []): boolean {
    const { claimed, leftOut } = owners.replace(before, now)
    if (leftOut > 0 && now[0]) onLeftOut(now[0].kind, leftOut)
    return claimed > 0
  }

  const pods = createTable<Owner>((before, now) => claim(before && [before], now && [now]))
  const services = createTable<readonly Owner[]>(claim)
  const clusterNodes = createTable<ClusterNode>((before, now) => {
    if (before) nodes.delete(before.owner.name)
    // A node that claims no address has a zone all the same.
    const hasRoom = nodes.size < maxPeers
    const kept = hasRoom ? now : undefined
    if (now && !hasRoom) onLeftOut('node', 1)
    claim(before && [before.owner], kept && [kept.owner])
    podNetworks.replace(before, kept)
    if (kept) nodes.set(kept.owner.name, kept)
    return hasRoom
  })
  const slices = createTable<EndpointSlice>((before, now) => {
    const leftOut = endpoints.replace(before, now)
    if (leftOut > 0) onLeftOut('endpoint', leftOut)
    const kept = leftOut > 0 ? undefined : now
    claim(before?.owner && [before.owner], kept?.owner && [kept.owner])
    return leftOut === 0
  })

  return {
    keepers: {
      nodes: keeper(clusterNodes, object => readNode(object, readingOf('nodes'))),
      services: keeper(services, object => present(readService(object, readingOf('services')))),
      pods: keeper(pods, object => readPod(object, readingOf('pods'))),
      endpointslices: keeper(slices, object =>
        readEndpointSlice(object, readingOf('endpointslices')),
      ),
    },
    owners,
    endpoints,
    podNetworks,
    nodes: { get: name => nodes.get(name), all: () => nodes.values() },
  }
}

/** Objects that own nothing are not kept: most pods of a cluster may have ended. */
function keeper<Kept>(table: Table<Kept>, read: (object: Fields) => Kept | undefined): Keeper {
  return {
    put: object => {
      const metadata = fieldsAt(object, 'metadata')
      const [namespace, name] = [textAt(metadata, 'namespace'), textAt(metadata, 'name')]
      const kept = read(object)
      if (kept === undefined) table.remove(namespace, name)
      else table.set(namespace, name, kept)
    },
    remove: object => {
      const metadata = fieldsAt(object, 'metadata')
      table.remove(textAt(metadata, 'namespace'), textAt(metadata, 'name'))
    },
    startList: table.startList,
    endList: table.endList,
    size: table.size,
  }
}

function present<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length > 0 ? items : undefined
}
