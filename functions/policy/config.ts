import { join } from 'node:path'
import { z } from 'zod'
import type { Flags } from '../program/command-line.ts'
import { duration } from '../program/fields.ts'
import { ConfigError, readSettings } from '../program/settings.ts'
import { checkUpstream, upstreamFlags, upstreamShape } from '../prometheus/upstream.ts'
import type { Upstream } from '../prometheus/upstream.ts'

const title = `podatlas policy check: what geofence policies would have flagged

  podatlas policy check -f values.yaml --since 7d -p http://prometheus:9090

Exit code: 0 nothing would have been flagged, 1 something would, 2 it cannot be told.
`

const flags: Flags = {
  file: {
    key: 'file',
    short: 'f',
    value: 'FILE',
    help: 'values of the chart, or rules that Helm made of them; "-": what is piped in',
  },
  prometheus: {
    key: 'prometheus',
    short: 'p',
    value: 'URL',
    help: 'Prometheus base URL; the environment variable PROMETHEUS too',
  },
  since: { key: 'since', value: 'TIME', help: 'how far to look back, such as 12h (default 7d)' },
  until: { key: 'until', value: 'DATE', help: 'where to look back from (default now)' },
  json: { key: 'json', help: 'print JSON with all rows instead of a table' },
  chart: { key: 'chart', value: 'FOLDER', help: 'the chart that makes rules of values' },
  timeout: {
    key: 'timeout',
    value: 'TIME',
    help: 'longest wait for each of the answers of Prometheus (default 1m)',
  },
  ...upstreamFlags,
  help: { key: 'help', short: 'h', help: 'print this and exit' },
}

const secondsOf: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 }

const Schema = z
  .strictObject({
    file: z.string().min(1, 'name a file'),
    ...upstreamShape,
    since: z
      .string()
      .regex(/^[1-9]\d{0,3}[mhd]$/, 'use a time like 12h or 7d')
      .default('7d'),
    until: z
      .string()
      .refine(text => Number.isFinite(Date.parse(text)), 'use a date like 2026-11-28T12:00:00Z')
      .optional(),
    json: z.boolean().default(false),
    chart: z.string().min(1, 'name a folder').optional(),
    timeout: duration(100, 600_000).default(60_000),
  })
  .superRefine((keys, context) => {
    checkUpstream(keys, (key, message) =>
      context.addIssue({ code: 'custom', path: [key], message }),
    )
  })
  .transform(({ file, json, since, until, timeout, chart, ...upstream }) => ({
    upstream: upstream satisfies Upstream,
    file,
    json,
    spanS: Number(since.slice(0, -1)) * (secondsOf[since.slice(-1)] ?? 0),
    untilMs: until === undefined ? Date.now() : Date.parse(until),
    timeoutMs: timeout,
    // That of the checkout; an image has none.
    chart: chart ?? join(import.meta.dirname, '../../chart'),
  }))

export type Config = z.output<typeof Schema>

/** Reads the command line, of which `policy check` comes first, and `PROMETHEUS`. Throws ConfigError. */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | { help: string } {
  const [subject, verb, ...words] = argv
  const isHelp = subject === undefined || ['-h', '--help', 'help'].includes(subject)
  if (!isHelp && (subject !== 'policy' || verb !== 'check')) {
    throw new ConfigError(`"${argv.slice(0, 2).join(' ')}": write policy check; see --help`)
  }
  return readSettings(isHelp ? ['--help'] : words, {
    title,
    flags,
    schema: Schema,
    fromEnvironment:
      environment['PROMETHEUS'] === undefined ? {} : { prometheus: environment['PROMETHEUS'] },
    whenMissing: {
      file: 'use -f values.yaml',
      prometheus: 'use -p http://prometheus:9090',
    },
  })
}
