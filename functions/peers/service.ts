import { fieldsAt, listAt, secondsAt, textAt, textsAt } from './fields.ts'
import type { Fields } from './fields.ts'
import { claims } from './owner.ts'
import type { Claim, Owner } from './owner.ts'
import type { Shape } from '../../agent/attribute/pick.ts'
import { addressesOf, identityOf, metadataShape } from './reader.ts'
import type { Reading } from './reader.ts'

/** What readService reads. */
export const serviceShape: Shape = {
  keys: {
    metadata: metadataShape({}),
    spec: { keys: { clusterIP: true, clusterIPs: true, externalIPs: true } },
    status: { keys: { loadBalancer: true } },
  },
}

/** The service once for each way in which it claims addresses; none for a headless one. */
export function readService(object: Fields, reading: Reading): readonly Owner[] {
  const identity = identityOf(object, reading)
  if (identity === undefined) return []
  const { namespace, name } = identity
  const spec = fieldsAt(object, 'spec')
  const balancer = fieldsAt(fieldsAt(object, 'status'), 'loadBalancer')
  const sinceS = secondsAt(fieldsAt(object, 'metadata'), 'creationTimestamp')

  const claimants = [
    claimant(claims.clusterAddress, [...textsAt(spec, 'clusterIPs'), textAt(spec, 'clusterIP')]),
    // A load balancer may have a host name instead.
    claimant(
      claims.loadBalancer,
      listAt(balancer, 'ingress').map(entry => textAt(entry, 'ip')),
    ),
    claimant(claims.externalAddress, textsAt(spec, 'externalIPs')),
  ]
  return claimants.filter(({ addresses }) => addresses.length > 0)

  function claimant(claim: Claim, texts: readonly string[]): Owner {
    const given = texts.filter(text => text !== '' && text !== 'None')
    return serviceOwner({ namespace, name }, addressesOf(given, reading), claim, sinceS)
  }
}

export function serviceOwner(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  addresses: readonly string[],
  claim: Claim,
  sinceS: number,
): Owner {
  const none = { workload: '', workloadKind: '', node: '' }
  return { kind: 'service', namespace, name, ...none, addresses, claim, sinceS }
}
