import { isRecord } from '../../prometheus/json.ts'

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
  /** The place is right to so many kilometres. */
  readonly accuracyKm?: number
}

const displayNames = new Map<string, Intl.DisplayNames>()

/**
 * Reads a record of either schema: nested as MaxMind City and DB-IP write it, or flat as the
 * databases on npm do. Names are in `language` (as MaxMind names them: `en`, `pt-BR`), else in English.
 * Answers undefined where the record names neither country nor coordinates.
 */
export function placeOf(record: unknown, language = 'en'): Place | undefined {
  const country = (
    text(record, 'country', 'iso_code') ??
    text(record, 'country_code') ??
    text(record, 'registered_country', 'iso_code')
  )?.toUpperCase()
  const countryName = nameIn(record, language, 'country') ?? countryNameOf(country, language)
  const city = nameIn(record, language, 'city') ?? text(record, 'city')
  const region = nameIn(record, language, 'subdivisions', 0) ?? text(record, 'state1')
  const postcode = text(record, 'postal', 'code') ?? text(record, 'postcode')
  const latitude = degrees(record, 'latitude', 90)
  const longitude = degrees(record, 'longitude', 180)
  const accuracyKm = kilometres(at(record, ['location', 'accuracy_radius']))
  const isLocated = latitude !== undefined && longitude !== undefined
  if (!country && !isLocated) return undefined
  return {
    ...(country && { country }),
    ...(countryName && { countryName }),
    ...(city && { city }),
    ...(region && { region }),
    ...(postcode && { postcode }),
    ...(isLocated && { latitude, longitude }),
    ...(isLocated && accuracyKm && { accuracyKm }),
  }
}

function nameIn(
  record: unknown,
  language: string,
  ...path: (string | number)[]
): string | undefined {
  return text(record, ...path, 'names', language) ?? text(record, ...path, 'names', 'en')
}

function countryNameOf(country: string | undefined, language: string): string | undefined {
  if (!country || !/^[A-Z]{2}$/.test(country)) return undefined
  let names = displayNames.get(language)
  if (!names) {
    names = new Intl.DisplayNames([language, 'en'], { type: 'region', fallback: 'none' })
    displayNames.set(language, names)
  }
  return names.of(country)
}

function degrees(record: unknown, name: string, most: number): number | undefined {
  const value = at(record, ['location', name]) ?? at(record, [name])
  if (typeof value !== 'number' || !(Math.abs(value) <= most)) return undefined
  // Flat databases hold 32-bit floats: their digits beyond some ten metres are noise.
  return Math.round(value * 10_000) / 10_000
}

function kilometres(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value <= 65_535 ? Math.round(value) : undefined
}

function text(record: unknown, ...path: (string | number)[]): string | undefined {
  const value = at(record, path)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function at(record: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof key === 'number') return Array.isArray(value) ? value[key] : undefined
    return isRecord(value) ? value[key] : undefined
  }, record)
}
