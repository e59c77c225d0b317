import { workloadOf } from '../../agent/attribute/workload.ts'
import { fieldsAt, listAt, secondsAt, textAt } from './fields.ts'
import type { Fields } from './fields.ts'
import { claims } from './owner.ts'
import type { Owner } from './owner.ts'
import type { Shape } from '../../agent/attribute/pick.ts'
import { addressesOf, identityOf, metadataShape } from './reader.ts'
import type { Reading } from './reader.ts'

/** What readPod reads. */
export const podShape: Shape = {
  keys: {
    metadata: metadataShape({ labels: true, ownerReferences: true, deletionTimestamp: true }),
    spec: { keys: { nodeName: true, hostNetwork: true } },
    status: { keys: { phase: true, podIP: true, podIPs: true, startTime: true } },
  },
}

const ended = ['Succeeded', 'Failed']

/**
 * The pod as an owner of its addresses; undefined while it has none of its own: not started, ended,
 * or on the host network, whose addresses are the node's.
 */
export function readPod(object: Fields, reading: Reading): Owner | undefined {
  const identity = identityOf(object, reading)
  if (identity === undefined) return undefined
  const metadata = fieldsAt(object, 'metadata')
  const spec = fieldsAt(object, 'spec')
  const status = fieldsAt(object, 'status')
  if (object['status'] === undefined) reading.report('no_status')
  if (spec['hostNetwork'] === true || ended.includes(textAt(status, 'phase'))) return undefined

  const addresses = addressesOf(podAddresses(status), reading)
  if (addresses.length === 0) return undefined
  const { name, namespace } = identity
  const node = reading.intern(textAt(spec, 'nodeName'))
  const createdS = secondsAt(metadata, 'creationTimestamp')
  const { workload, workloadKind } = workloadOf({
    name,
    nodeName: node,
    labels: fieldsAt(metadata, 'labels'),
    ownerReferences: ownersOf(metadata),
    createdMs: createdS * 1_000,
  })
  return {
    kind: 'pod',
    namespace,
    name,
    workload: workload === name ? name : reading.intern(workload),
    workloadKind: reading.intern(workloadKind),
    node,
    addresses,
    claim: metadata['deletionTimestamp'] ? claims.endingPod : claims.pod,
    // A pod may have waited for its node while others came and went with the address it got.
    sinceS: secondsAt(status, 'startTime') || createdS,
  }
}

/** `podIP` is the first of `podIPs`; servers older than dual stack send it alone. */
function podAddresses(status: Fields): string[] {
  const addresses = listAt(status, 'podIPs').map(entry => textAt(entry, 'ip'))
  return [...addresses, textAt(status, 'podIP')].filter(Boolean)
}

function ownersOf(metadata: Fields) {
  return listAt(metadata, 'ownerReferences').map(owner => ({
    kind: textAt(owner, 'kind'),
    name: textAt(owner, 'name'),
    controller: owner['controller'] === true,
  }))
}
