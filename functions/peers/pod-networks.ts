import { networkKey, networkOf, parseNetwork } from '../address/network.ts'
import type { Network } from '../address/network.ts'
import type { ClusterNode } from './node.ts'

/** A network that pods get addresses from. */
export type PodNetwork = {
  /** Whose pods; empty where that is not known. */
  readonly node: string
}

export type PodNetworks = {
  readonly replace: (before: ClusterNode | undefined, now: ClusterNode | undefined) => void
  /** The smallest network that holds a canonical address. */
  readonly of: (address: string) => PodNetwork | undefined
}

/** `fixed` are networks such as `10.244.0.0/16` that no node tells. */
export function createPodNetworks(fixed: readonly string[]): PodNetworks {
  const nodesByKey = new Map<string, string>()
  // By size, since a look-up must not walk the networks of some thousand nodes.
  const countByPrefix = new Map<number, number>()
  for (const text of fixed) {
    const network = parseNetwork(text)
    if (network) add(network, '')
  }
  return {
    replace: (before, now) => {
      for (const network of before?.podNetworks ?? []) remove(network, before?.owner.name ?? '')
      for (const network of now?.podNetworks ?? []) add(network, now?.owner.name ?? '')
    },
    of: address => {
      const width = address.includes(':') ? 128 : 32
      const prefixes = [...countByPrefix.keys()].filter(prefix => prefix <= width)
      for (const prefix of prefixes.toSorted((a, b) => b - a)) {
        const node = nodesByKey.get(networkKey(networkOf(address, prefix)))
        if (node !== undefined) return { node }
      }
      return undefined
    },
  }

  function add(network: Network, node: string): void {
    const key = networkKey(network)
    if (!nodesByKey.has(key)) count(network, 1)
    nodesByKey.set(key, node)
  }

  function remove(network: Network, node: string): void {
    const key = networkKey(network)
    // A node that came with the network of one that goes keeps it.
    if (nodesByKey.get(key) !== node) return
    nodesByKey.delete(key)
    count(network, -1)
  }

  function count({ prefix }: Network, change: number): void {
    const left = (countByPrefix.get(prefix) ?? 0) + change
    if (left > 0) countByPrefix.set(prefix, left)
    else countByPrefix.delete(prefix)
  }
}
