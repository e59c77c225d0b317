import { canonicalAddress } from '../address/canonical.ts'
import { addressKind } from '../address/kind.ts'
import type { AddressKind } from '../address/kind.ts'
import { lastAddress, parseNetwork } from '../address/network.ts'
import type { PodNetworks } from './pod-networks.ts'

/** What can be said of an address that nobody owns. */
export type StrangerKind =
  | 'pod_network'
  | 'private'
  | 'link_local'
  | 'multicast'
  | 'loopback'
  | 'internet'
  | 'special'

export type Stranger = {
  readonly kind: StrangerKind
  /** Whose pods get addresses from there; empty where that is not known. */
  readonly node: string
}

const kinds: Readonly<Record<AddressKind, StrangerKind>> = {
  public: 'internet',
  private: 'private',
  loopback: 'loopback',
  'link-local': 'link_local',
  multicast: 'multicast',
  special: 'special',
}

/** Networks of this size never hold addresses of two kinds, but for the one that holds `::` and `::1`. */
const smallPrefix = { 4: 24, 6: 48 }

/**
 * Classifies a canonical address, or a network such as `198.51.100.0/24` that the agent folded
 * addresses into. Undefined for other text, and for a network whose addresses are of several kinds.
 */
export function classify(target: string, podNetworks: PodNetworks): Stranger | undefined {
  if (canonicalAddress(target) === target) return classifyAddress(target, podNetworks)
  const network = parseNetwork(target)
  if (network === undefined || network.prefix < smallPrefix[network.family]) return undefined
  const [address = ''] = target.split('/')
  const first = classifyAddress(canonicalAddress(address) ?? address, podNetworks)
  const last = classifyAddress(lastAddress(network), podNetworks)
  return first?.kind === last?.kind && first?.node === last?.node ? first : undefined
}

function classifyAddress(address: string, podNetworks: PodNetworks): Stranger | undefined {
  const podNetwork = podNetworks.of(address)
  if (podNetwork) return { kind: 'pod_network', node: podNetwork.node }
  const kind = addressKind(address)
  return kind && { kind: kinds[kind], node: '' }
}
