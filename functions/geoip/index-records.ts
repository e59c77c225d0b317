import { networkOf } from './lookup-network.ts'
import type { Network } from './lookup-network.ts'
import { mmdbDecoder } from './mmdb-decode.ts'
import { placeOf } from './place.ts'
import type { Place } from './place.ts'

/** What the records say, by number; each is decoded when it is first asked for. 0 is no record. */
export type Records = {
  /** Degrees, NaN where the record has none. */
  readonly latitude: (record: number) => number
  readonly longitude: (record: number) => number
  /** Undefined for a record that places nothing, and for one that is damaged. */
  readonly place: (record: number) => Place | undefined
  readonly network: (record: number) => Network
  /** How many there are; the highest number. */
  readonly count: number
  readonly isDamaged: (record: number) => boolean
  readonly bytes: () => number
}

// A record is a row of 32-bit numbers, which one or two cache lines hold. Texts are numbers in a
// table, as a database has few of them; 0 is none. Places are known to four decimals.
const STATE = 0
const LATITUDE = 1
const LONGITUDE = 2
const COUNTRY = 3
const COUNTRY_NAME = 4
const CITY = 5
const REGION = 6
const POSTCODE = 7
const AS_NUMBER = 8
const AS_ORGANIZATION = 9
const ACCURACY_KM = 10
const FIELDS = 11

const DECODED = 1
const LOCATED = 2
const PLACED = 4
const DAMAGED = 8

/** `offsets` says where each record is in `data`, which is kept as it is. */
export function lazyRecords(data: Uint8Array, offsets: Uint32Array, language: string): Records {
  const rows = new Int32Array(offsets.length * FIELDS)
  const texts: string[] = ['']
  const numbers = new Map([['', 0]])
  const decode = mmdbDecoder(data)
  rows[STATE] = DECODED

  /** Where the row of the record begins. */
  function rowOf(record: number): number {
    const row = record * FIELDS
    if (rows[row + STATE] === 0) fill(row, offsets[record] ?? 0)
    return row
  }

  function fill(row: number, offset: number): void {
    rows[row + STATE] = DECODED
    let value: unknown
    try {
      value = decode(offset)
    } catch {
      // In a file that is whole otherwise: the addresses of this record have no place.
      rows[row + STATE] = DAMAGED
      return
    }
    const { asNumber = 0, asOrganization } = networkOf(value)
    rows[row + AS_NUMBER] = asNumber
    rows[row + AS_ORGANIZATION] = numberOf(asOrganization)
    const place = placeOf(value, language)
    if (!place) return
    const { latitude, longitude } = place
    const isLocated = latitude !== undefined && longitude !== undefined
    rows[row + STATE] = DECODED | PLACED | (isLocated ? LOCATED : 0)
    rows[row + LATITUDE] = Math.round((latitude ?? 0) * 10_000)
    rows[row + LONGITUDE] = Math.round((longitude ?? 0) * 10_000)
    rows[row + ACCURACY_KM] = place.accuracyKm ?? 0
    rows[row + COUNTRY] = numberOf(place.country)
    rows[row + COUNTRY_NAME] = numberOf(place.countryName)
    rows[row + CITY] = numberOf(place.city)
    rows[row + REGION] = numberOf(place.region)
    rows[row + POSTCODE] = numberOf(place.postcode)
  }

  function numberOf(text = ''): number {
    let number = numbers.get(text)
    if (number === undefined) numbers.set(text, (number = texts.push(text) - 1))
    return number
  }

  const textAt = (cell: number) => texts[rows[cell] ?? 0] || undefined
  const degreesAt = (row: number, field: number) =>
    (rows[row] ?? 0) & LOCATED ? (rows[row + field] ?? 0) / 10_000 : Number.NaN

  return {
    latitude: record => degreesAt(rowOf(record), LATITUDE),
    longitude: record => degreesAt(rowOf(record), LONGITUDE),
    place: record => {
      const row = rowOf(record)
      if (!((rows[row] ?? 0) & PLACED)) return undefined
      const [country, countryName] = [textAt(row + COUNTRY), textAt(row + COUNTRY_NAME)]
      const [city, region] = [textAt(row + CITY), textAt(row + REGION)]
      const postcode = textAt(row + POSTCODE)
      const [latitude, longitude] = [degreesAt(row, LATITUDE), degreesAt(row, LONGITUDE)]
      const accuracyKm = rows[row + ACCURACY_KM]
      return {
        ...(country && { country }),
        ...(countryName && { countryName }),
        ...(city && { city }),
        ...(region && { region }),
        ...(postcode && { postcode }),
        ...(!Number.isNaN(latitude) && { latitude, longitude }),
        ...(accuracyKm && { accuracyKm }),
      }
    },
    network: record => {
      const row = rowOf(record)
      const asNumber = (rows[row + AS_NUMBER] ?? 0) >>> 0
      const asOrganization = textAt(row + AS_ORGANIZATION)
      return {
        ...(asNumber && { asNumber }),
        ...(asOrganization && { asOrganization }),
      }
    },
    count: offsets.length - 1,
    isDamaged: record => ((rows[rowOf(record)] ?? 0) & DAMAGED) !== 0,
    bytes: () => rows.byteLength + offsets.byteLength + data.byteLength,
  }
}
