import { networkOf } from './network.ts'
import type { Network } from './network.ts'
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
// table, as a database has few of them; 0 is none.
const STATE = 0
const COUNTRY = 1
const COUNTRY_NAME = 2
const CITY = 3
const REGION = 4
const POSTCODE = 5
const AS_NUMBER = 6
const AS_ORGANIZATION = 7
const ACCURACY_KM = 8
const FIELDS = 9

const DECODED = 1
const PLACED = 2
const DAMAGED = 4

// Coordinates stand apart, two a record and nothing else, since more of them fit into the caches then.
// They are ten thousandths of a degree, which places are known to, or one of these.
const NOT_READ = -(2 ** 31)
const NOWHERE = NOT_READ + 1

/** `offsets` says where each record is in `data`, which is kept as it is. */
export function lazyRecords(data: Uint8Array, offsets: Uint32Array, language: string): Records {
  const rows = new Int32Array(offsets.length * FIELDS)
  const coordinates = new Int32Array(offsets.length * 2).fill(NOT_READ)
  const texts: string[] = ['']
  const numbers = new Map([['', 0]])
  const decode = mmdbDecoder(data)
  rows[STATE] = DECODED
  coordinates.fill(NOWHERE, 0, 2)

  /** Where the row of the record begins. */
  function rowOf(record: number): number {
    const row = record * FIELDS
    if (rows[row + STATE] === 0) fill(record, row)
    return row
  }

  function fill(record: number, row: number): void {
    rows[row + STATE] = DECODED
    coordinates.fill(NOWHERE, 2 * record, 2 * record + 2)
    let value: unknown
    try {
      value = decode(offsets[record] ?? 0)
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
    rows[row + STATE] = DECODED | PLACED
    if (latitude !== undefined && longitude !== undefined) {
      coordinates[2 * record] = Math.round(latitude * 10_000)
      coordinates[2 * record + 1] = Math.round(longitude * 10_000)
    }
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

  function degrees(record: number, axis: 0 | 1): number {
    if (coordinates[2 * record] === NOT_READ) rowOf(record)
    const value = coordinates[2 * record + axis] ?? NOWHERE
    return value === NOWHERE ? Number.NaN : value / 10_000
  }

  return {
    latitude: record => degrees(record, 0),
    longitude: record => degrees(record, 1),
    place: record => {
      const row = rowOf(record)
      if (!((rows[row] ?? 0) & PLACED)) return undefined
      const [country, countryName] = [textAt(row + COUNTRY), textAt(row + COUNTRY_NAME)]
      const [city, region] = [textAt(row + CITY), textAt(row + REGION)]
      const postcode = textAt(row + POSTCODE)
      const [latitude, longitude] = [degrees(record, 0), degrees(record, 1)]
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
    bytes: () => rows.byteLength + coordinates.byteLength + offsets.byteLength + data.byteLength,
  }
}
