import { addressKind } from '../address/kind.ts'
import { fieldsAt, listAt, secondsAt, textAt, textsAt } from './fields.ts'
import type { Fields } from './fields.ts'
import { claims } from './owner.ts'
import type { Owner } from './owner.ts'
import { addressesOf, identityOf } from './reader.ts'
import type { Reading } from './reader.ts'
import { serviceOwner } from './service.ts'

/** Some of what stands behind a service; it is not kept while that is nothing. */
export type EndpointSlice = {
  readonly namespace: string
  readonly service: string
  readonly ready: readonly string[]
  readonly notReady: readonly string[]
  /** The service as the owner of private addresses that are no pods': an API server, a database. */
  readonly owner: Owner | undefined
}

/** From the API of slices; a slice belongs to the service that this label names. */
const serviceLabel = 'kubernetes.io/service-name'

export function readEndpointSlice(object: Fields, reading: Reading): EndpointSlice | undefined {
  const identity = identityOf(object, reading)
  if (identity === undefined) return undefined
  const metadata = fieldsAt(object, 'metadata')
  const service = reading.intern(textAt(fieldsAt(metadata, 'labels'), serviceLabel))
  // Names (addressType FQDN) are no addresses, and a slice without the label is somebody's own.
  if (service === '' || textAt(object, 'addressType') === 'FQDN') return undefined

  const { namespace } = identity
  const endpoints = listAt(object, 'endpoints')
  const addresses = (some: readonly Fields[]) =>
    addressesOf(
      some.flatMap(endpoint => textsAt(endpoint, 'addresses')),
      reading,
    )
  // Public addresses keep their place on the map, and their price.
  const strangers = addresses(endpoints.filter(endpoint => !isPod(endpoint))).filter(
    address => addressKind(address) !== 'public',
  )
  const ready = addresses(endpoints.filter(isReady))
  const notReady = addresses(endpoints.filter(endpoint => !isReady(endpoint)))
  if (ready.length + notReady.length === 0) return undefined
  const sinceS = secondsAt(metadata, 'creationTimestamp')
  return {
    namespace,
    service,
    ready,
    notReady,
    owner:
      strangers.length === 0
        ? undefined
        : serviceOwner({ namespace, name: service }, strangers, claims.endpoint, sinceS),
  }
}

/** An absent condition counts as ready, says the API of slices. */
function isReady(endpoint: Fields): boolean {
  return fieldsAt(endpoint, 'conditions')['ready'] !== false
}

function isPod(endpoint: Fields): boolean {
  return textAt(fieldsAt(endpoint, 'targetRef'), 'kind') === 'Pod'
}
