import { execFileSync } from 'node:child_process'
import { toolPath } from '../../../ci/tools/tool.ts'

/** A place as `ci/tools/mmdb` reads it. */
export type WrittenPlace = {
  readonly network: string
  readonly city?: string
  readonly region?: string
  readonly country?: string
  readonly country_name?: string
  readonly postal?: string
  readonly latitude?: number
  readonly longitude?: number
  readonly asn?: number
  readonly as_name?: string
}

/** Writes an MMDB by MaxMind's own writer, so that our reading is judged by somebody else's writing. */
export function writeMmdb(
  file: string,
  places: readonly WrittenPlace[],
  schema: 'nested' | 'flat' | 'asn' = 'nested',
): void {
  execFileSync(toolPath('mmdb'), ['-schema', schema, '-out', file], {
    input: JSON.stringify(places),
  })
}

/** Documentation networks in cities of four continents. */
export const cities: readonly WrittenPlace[] = [
  {
    network: '192.0.2.0/28',
    city: 'Berlin',
    region: 'Land Berlin',
    country: 'DE',
    country_name: 'Germany',
    postal: '10115',
    latitude: 52.52,
    longitude: 13.405,
  },
  {
    network: '198.51.100.0/28',
    city: 'São Paulo',
    region: 'São Paulo',
    country: 'BR',
    country_name: 'Brazil',
    latitude: -23.55,
    longitude: -46.63,
  },
  {
    network: '2001:db8:81::/48',
    city: 'Tokyo',
    country: 'JP',
    country_name: 'Japan',
    latitude: 35.68,
    longitude: 139.69,
  },
  { network: '203.0.113.0/28', country: 'KE', country_name: 'Kenya', latitude: -1, longitude: 38 },
]
