import { isRecord } from '../prometheus/json.ts'

/** Whose network an address is in; what the database does not know is absent. */
export type Network = {
  readonly asNumber?: number
  readonly asOrganization?: string
  /** The place is right to so many kilometres. */
  readonly accuracyKm?: number
}

/** Reads a record of an ASN or ISP database, or of an Enterprise one, which has these in `traits`. */
export function networkOf(record: unknown): Network {
  if (!isRecord(record)) return {}
  const { location, traits } = record
  const source = isRecord(traits) ? traits : record
  const asNumber = source['autonomous_system_number']
  const asOrganization = source['autonomous_system_organization']
  const accuracyKm = isRecord(location) ? location['accuracy_radius'] : undefined
  return {
    ...(typeof asNumber === 'number' && { asNumber }),
    ...(typeof asOrganization === 'string' && { asOrganization }),
    ...(typeof accuracyKm === 'number' && { accuracyKm }),
  }
}
