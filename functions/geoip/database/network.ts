import { isRecord } from '../../prometheus/json.ts'

/** Whose network an address is in; what the database does not know is absent. */
export type Network = {
  readonly asNumber?: number
  readonly asOrganization?: string
}

/** Reads a record of an ASN or ISP database, or of an Enterprise one, which has these in `traits`. */
export function networkOf(record: unknown): Network {
  if (!isRecord(record)) return {}
  const { traits } = record
  const source = isRecord(traits) ? traits : record
  const asNumber = source['autonomous_system_number']
  const asOrganization = source['autonomous_system_organization']
  return {
    ...(isAsNumber(asNumber) && { asNumber }),
    ...(typeof asOrganization === 'string' && asOrganization !== '' && { asOrganization }),
  }
}

/** 0 is no network (RFC 7607); numbers have 32 bits. */
function isAsNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 32
}
