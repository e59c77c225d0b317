import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { QueryFailure } from '../prometheus/answer.ts'
import type { Query } from './config.ts'
import type { Database, DatabaseProblem } from './database/database.ts'
import type { LookupResult } from './locate.ts'

/** Metrics of the function itself; the series of places are no part of it. */
export function geoMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const lookups = new Counter({
    name: 'podatlas_geoip_lookups_total',
    help: 'Addresses of answers and requests, by what is known of them; those beyond the bound are not looked up',
    labelNames: ['result'],
    registers,
  })
  const queryDuration = new Histogram({
    name: 'podatlas_geoip_query_duration_seconds',
    help: 'Time that Prometheus took to answer a query, and geoip to read the answer',
    labelNames: ['query'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
    registers,
  })
  const querySamples = new Gauge({
    name: 'podatlas_geoip_query_samples',
    help: 'Series in the last answer to a query',
    labelNames: ['query'],
    registers,
  })
  const queryFailures = new Counter({
    name: 'podatlas_geoip_query_failures_total',
    help: 'Queries without a usable answer, by reason',
    labelNames: ['query', 'reason'],
    registers,
  })
  const queryRemarks = new Counter({
    name: 'podatlas_geoip_query_remarks_total',
    help: 'Warnings and infos of Prometheus about a query; the log has their text',
    labelNames: ['query', 'kind'],
    registers,
  })
  const dropped = new Counter({
    name: 'podatlas_geoip_addresses_dropped_total',
    help: 'Entries left out because of --max-addresses, smallest value first, or oldest',
    labelNames: ['query'],
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

  return {
    registry,
    countLookup: (result: LookupResult) => lookups.inc({ result }),
    countFailure: (query: Query, reason: QueryFailure | 'no_address') =>
      queryFailures.inc({ query: nameOf(query), reason }),
    observeQuery: (query: Query, seconds: number, samples: number) => {
      queryDuration.observe({ query: nameOf(query) }, seconds)
      querySamples.set({ query: nameOf(query) }, samples)
    },
    countRemarks: (query: Query, kind: 'warning' | 'info', count: number) => {
      if (count > 0) queryRemarks.inc({ query: nameOf(query), kind }, count)
    },
    countDropped: (query: Query, count: number) => dropped.inc({ query: nameOf(query) }, count),
    setDatabases: (databases: readonly Database[], problems: readonly DatabaseProblem[]) => {
      databaseBuild.reset()
      databaseUp.reset()
      for (const { path, builtAt } of databases) {
        databaseUp.set({ database: path }, 1)
        databaseBuild.set({ database: path }, builtAt.getTime() / 1_000)
      }
      for (const { path } of problems) databaseUp.set({ database: path }, 0)
    },
  }
}

/** A label is not empty. */
function nameOf({ name }: Query): string {
  return name || 'default'
}
