/** Where an address is; what the database does not know is absent. */
export type Place = {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country?: string
  readonly countryName?: string
  readonly city?: string
  readonly region?: string
  readonly postcode?: string
  /** Degrees; both are there or neither. */
  readonly latitude?: number
  readonly longitude?: number
}

const countryNames = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })

/**
 * Reads a record of either schema: nested as MaxMind City and DB-IP write it, or flat as the
 * databases on npm do. Answers undefined where the record names neither country nor coordinates.
 */
export function placeOf(record: unknown): Place | undefined {
  const country = (
    text(record, 'country', 'iso_code') ??
    text(record, 'country_code') ??
    text(record, 'registered_country', 'iso_code')
  )?.toUpperCase()
  const latitude = degrees(record, 'latitude', 90)
  const longitude = degrees(record, 'longitude', 180)
  const isLocated = latitude !== undefined && longitude !== undefined
  if (!country && !isLocated) return undefined
  return withoutUndefined({
    country,
    countryName: text(record, 'country', 'names', 'en') ?? countryNameOf(country),
    city: text(record, 'city', 'names', 'en') ?? text(record, 'city'),
    region: text(record, 'subdivisions', 0, 'names', 'en') ?? text(record, 'state1'),
    postcode: text(record, 'postal', 'code') ?? text(record, 'postcode'),
    latitude: isLocated ? latitude : undefined,
    longitude: isLocated ? longitude : undefined,
  })
}

function countryNameOf(country: string | undefined): string | undefined {
  return country && /^[A-Z]{2}$/.test(country) ? countryNames.of(country) : undefined
}

function degrees(record: unknown, name: string, most: number): number | undefined {
  const value = at(record, ['location', name]) ?? at(record, [name])
  if (typeof value !== 'number' || !(Math.abs(value) <= most)) return undefined
  // Flat databases hold 32-bit floats: their digits beyond some ten metres are noise.
  return Math.round(value * 10_000) / 10_000
}

function text(record: unknown, ...path: (string | number)[]): string | undefined {
  const value = at(record, path)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function at(record: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<string | number, unknown>>)[key]
        : undefined,
    record,
  )
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

function withoutUndefined<T extends object>(place: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(place).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}
