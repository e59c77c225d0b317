import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { QueryFailure } from '../prometheus/answer.ts'
import { placeLabels } from './config.ts'
import type { Database, DatabaseProblem } from './database.ts'
import type { Entries, Entry } from './entries.ts'
import type { LookupResult } from './locate.ts'
import type { Found } from './lookup.ts'

// A short connection would lose its country before the window of a rate over it ends.
const keepAddressMs = 10 * 60_000

// What Prometheus itself takes for "still there": values older than this say nothing about now.
const keepValuesMs = 5 * 60_000

/** The registry of `/metrics` and what feeds it. `maxAddresses` bounds each of the two geo series. */
export function geoMetrics(options: { labels: readonly string[]; maxAddresses: number }) {
  const { labels, maxAddresses } = options
  const registry = new Registry()
  const registers = [registry]
  const geoIp = new Gauge({
    name: 'geo_ip',
    help: 'Value of the query for each public address, with its place',
    labelNames: [...placeLabels, ...labels],
    registers,
  })
  const geoInfo = new Gauge({
    name: 'podatlas_geo_info',
    help: 'Always 1; the labels say where a public address is, for joins on destination_ip',
    labelNames: [
      'destination_ip',
      'country',
      'country_name',
      'city',
      'region',
      'latitude',
      'longitude',
      'asn',
      'as_name',
    ],
    registers,
  })
  const lookups = new Counter({
    name: 'podatlas_geoip_lookups_total',
    help: 'Addresses looked up, by result',
    labelNames: ['result'],
    registers,
  })
  const queryDuration = new Histogram({
    name: 'podatlas_geoip_query_duration_seconds',
    help: 'Time that Prometheus took to answer the query',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
    registers,
  })
  const queryFailures = new Counter({
    name: 'podatlas_geoip_query_failures_total',
    help: 'Queries without a usable answer, by reason',
    labelNames: ['reason'],
    registers,
  })
  const databaseBuild = new Gauge({
    name: 'podatlas_geoip_database_build_timestamp_seconds',
    help: 'When the database in use was built (by default IP Geolocation by DB-IP, https://db-ip.com, and networks by RouteViews, https://www.routeviews.org, NRO, https://www.nro.net, and DB-IP)',
    labelNames: ['database'],
    registers,
  })
  const databaseUp = new Gauge({
    name: 'podatlas_geoip_database_up',
    help: '1 if the file as it is now is in use; 0 if it is missing or bad: the one read before stays in use',
    labelNames: ['database'],
    registers,
  })
  const dropped = new Counter({
    name: 'podatlas_geoip_addresses_dropped_total',
    help: 'Entries left out because of --max-addresses, smallest value first, or oldest',
    registers,
  })

  const known = new Map<string, Found & { readonly seenMs: number }>()
  let answeredMs = 0

  return {
    registry,
    countLookup: (result: LookupResult) => lookups.inc({ result }),
    countFailure: (reason: QueryFailure | 'no_address') => queryFailures.inc({ reason }),
    observeQuery: (seconds: number) => queryDuration.observe(seconds),
    setDatabases: (databases: readonly Database[], problems: readonly DatabaseProblem[]) => {
      databaseBuild.reset()
      databaseUp.reset()
      for (const { path } of databases) databaseUp.set({ database: path }, 1)
      for (const { path } of problems) databaseUp.set({ database: path }, 0)
      for (const { path, builtAt } of databases) {
        databaseBuild.set({ database: path }, builtAt.getTime() / 1_000)
      }
    },
    /** Replaces the values by those of a new answer; series that are not in it end. */
    replace: (entries: Entries, nowMs: number) => {
      answeredMs = nowMs
      dropped.inc(entries.dropped)
      geoIp.reset()
      for (const entry of entries.kept) geoIp.set(geoIpLabels(entry), entry.value)
      for (const { address, place, network } of entries.kept.toReversed()) {
        // Deleted first, so that the map stays in the order of last sight.
        known.delete(address)
        known.set(address, { seenMs: nowMs, ...(place && { place }), ...(network && { network }) })
      }
      forget(nowMs)
    },
    /** Ends what is too old to be true while no answers come. */
    expire: (nowMs: number) => {
      if (nowMs - answeredMs > keepValuesMs) geoIp.reset()
      forget(nowMs)
    },
  }

  function forget(nowMs: number): void {
    for (const [address, { seenMs }] of known) {
      const isOld = nowMs - seenMs > keepAddressMs
      if (!isOld && known.size <= maxAddresses) break
      known.delete(address)
      if (!isOld) dropped.inc()
    }
    geoInfo.reset()
    for (const [address, found] of known) geoInfo.set(geoInfoLabels(address, found), 1)
  }
}

function geoIpLabels({ address, labels, place, network }: Entry): Record<string, string> {
  return present({
    ...labels,
    ip: address,
    country: place?.country,
    city: place?.city,
    region: place?.region,
    zip: place?.postcode,
    latitude: place?.latitude?.toString(),
    longitude: place?.longitude?.toString(),
    asn: network?.asNumber?.toString(),
    as_name: network?.asOrganization,
  })
}

function geoInfoLabels(address: string, { place, network }: Found): Record<string, string> {
  return present({
    destination_ip: address,
    country: place?.country ?? 'unknown',
    country_name: place?.countryName,
    city: place?.city,
    region: place?.region,
    latitude: place?.latitude?.toString(),
    longitude: place?.longitude?.toString(),
    asn: network?.asNumber?.toString(),
    as_name: network?.asOrganization,
  })
}

/** An unknown label is absent, not empty. */
function present(labels: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  )
}
