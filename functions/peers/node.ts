import { networkKey, parseNetwork } from '../address/network.ts'
import type { Network } from '../address/network.ts'
import { fieldsAt, listAt, secondsAt, textAt, textsAt } from './fields.ts'
import type { Fields } from './fields.ts'
import { claims } from './owner.ts'
import type { Owner } from './owner.ts'
import type { Shape } from '../../agent/attribute/pick.ts'
import { addressesOf, identityOf, metadataShape } from './reader.ts'
import type { Reading } from './reader.ts'

export type ClusterNode = {
  readonly owner: Owner
  readonly zone: string
  readonly region: string
  /** What its pods get addresses from, if the cluster hands that out by node. */
  readonly podNetworks: readonly Network[]
}

/** What readNode reads. */
export const nodeShape: Shape = {
  keys: {
    metadata: metadataShape({ labels: true }),
    spec: { keys: { podCIDR: true, podCIDRs: true } },
    status: { keys: { addresses: true } },
  },
}

/** The second label of each is that of Kubernetes before 1.17, which some clouds still set. */
const zoneLabels = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone']
const regionLabels = ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region']

const ownAddresses = ['InternalIP', 'ExternalIP']

export function readNode(object: Fields, reading: Reading): ClusterNode | undefined {
  const identity = identityOf(object, reading)
  if (identity === undefined) return undefined
  const metadata = fieldsAt(object, 'metadata')
  const labels = fieldsAt(metadata, 'labels')
  const firstLabel = (names: readonly string[]) =>
    reading.intern(names.map(name => textAt(labels, name)).find(Boolean) ?? '')
  if (object['status'] === undefined) reading.report('no_status')
  const addresses = listAt(fieldsAt(object, 'status'), 'addresses')
    .filter(entry => ownAddresses.includes(textAt(entry, 'type')))
    .map(entry => textAt(entry, 'address'))
  const name = reading.intern(identity.name)
  return {
    owner: {
      kind: 'node',
      namespace: '',
      name,
      workload: '',
      workloadKind: '',
      node: name,
      addresses: addressesOf(addresses, reading),
      claim: claims.node,
      sinceS: secondsAt(metadata, 'creationTimestamp'),
    },
    zone: firstLabel(zoneLabels),
    region: firstLabel(regionLabels),
    podNetworks: podNetworksOf(fieldsAt(object, 'spec'), reading),
  }
}

function podNetworksOf(spec: Fields, { report }: Reading): readonly Network[] {
  const networks = new Map<string, Network>()
  for (const text of [...textsAt(spec, 'podCIDRs'), textAt(spec, 'podCIDR')].filter(Boolean)) {
    const network = parseNetwork(text)
    if (network) networks.set(networkKey(network), network)
    else report('bad_address')
  }
  return [...networks.values()]
}
