import { classify } from './classify.ts'
import type { StrangerKind } from './classify.ts'
import type { Directory } from './directory.ts'
import type { Owner, OwnerKind } from './owner.ts'

/** Who owns an address, or what it is; a key is absent where nothing is known. */
export type Peer = {
  readonly address: string
  readonly kind: OwnerKind | StrangerKind
  readonly namespace?: string
  readonly name?: string
  readonly workload?: string
  readonly workloadKind?: string
  readonly node?: string
  readonly zone?: string
}

export type PeerWithEndpoints = Peer & {
  /** What stands behind a service: the one that answered is among those that are ready. */
  readonly endpoints?: readonly (Peer & { readonly ready: boolean })[]
}

export type LookUp = {
  /** Both take canonical text of an address. */
  readonly peer: (address: string) => Peer
  readonly peerWithEndpoints: (address: string) => PeerWithEndpoints
}

export function lookUp({ owners, endpoints, nodes, podNetworks }: Directory): LookUp {
  return { peer, peerWithEndpoints }

  function peer(address: string): Peer {
    const owner = owners.of(address)
    if (owner) return ownedPeer(address, owner)
    const { kind, node } = classify(address, podNetworks) ?? { kind: 'special', node: '' }
    return { address, kind, ...present({ node }) }
  }

  function peerWithEndpoints(address: string): PeerWithEndpoints {
    const owner = owners.of(address)
    if (owner?.kind !== 'service') return peer(address)
    const behind = endpoints.of(owner.namespace, owner.name)
    return {
      ...ownedPeer(address, owner),
      endpoints: behind.map(({ address: target, ready }) => ({ ...peer(target), ready })),
    }
  }

  function ownedPeer(address: string, owner: Owner): Peer {
    const { kind, namespace, name, workload, workloadKind, node } = owner
    const zone = nodes.get(node)?.zone ?? ''
    return { address, kind, ...present({ namespace, name, workload, workloadKind, node, zone }) }
  }
}

function present(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))
}
