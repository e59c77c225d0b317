import { basename } from 'node:path'
import type { Database } from './database/database.ts'

const sources = [
  { pattern: /dbip|db-ip/i, text: 'IP Geolocation by DB-IP (https://db-ip.com)' },
  {
    pattern: /(^|[/ ])asn\.mmdb|podatlas-asn/i,
    text: 'Networks by RouteViews (https://www.routeviews.org), NRO (https://www.nro.net) and DB-IP (https://db-ip.com)',
  },
  {
    pattern: /geolite|geoip2/i,
    text: 'This product includes GeoLite data created by MaxMind (https://www.maxmind.com)',
  },
]

/** What the licences of the databases in use want to be said wherever their places are shown. */
export function attributionOf(databases: readonly Database[]): string {
  const names = databases.map(({ path, databaseType }) => `${basename(path)} ${databaseType}`)
  return sources
    .filter(({ pattern }) => names.some(name => pattern.test(name)))
    .map(({ text }) => text)
    .join(' · ')
}
