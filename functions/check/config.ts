import { z } from 'zod'
import type { Flags } from '../program/command-line.ts'
import { duration, httpUrl } from '../program/fields.ts'
import { readSettings } from '../program/settings.ts'
import { checkUpstream, upstreamFlags, upstreamShape } from '../prometheus/upstream.ts'
import type { Upstream } from '../prometheus/upstream.ts'

const title = `podatlas-check: does an installation work?

  podatlas-check -p http://prometheus:9090 --geoip http://podatlas-geoip:8080 --peers

Asks until everything is as it should be, or --wait is over.
Exit code: 0 it works, 1 something is missing, 2 the command line has faults.
`

const flags: Flags = {
  prometheus: {
    key: 'prometheus',
    short: 'p',
    value: 'URL',
    help: 'Prometheus that gets the traffic: it must have bytes',
  },
  cluster: { key: 'cluster', value: 'NAME', help: 'only those of this cluster' },
  geoip: {
    key: 'geoip',
    value: 'URL',
    help: 'geoip: it must know places, and Prometheus must scrape it',
  },
  peers: { key: 'peers', help: 'Prometheus must have what peers tells of addresses' },
  wait: { key: 'wait', value: 'TIME', help: 'how long to wait for all of that (default 2m)' },
  ...upstreamFlags,
  help: { key: 'help', short: 'h', help: 'print this and exit' },
}

const Schema = z
  .strictObject({
    ...upstreamShape,
    cluster: z.string().min(1, 'is empty; leave it out').optional(),
    geoip: httpUrl('http://podatlas-geoip:8080').optional(),
    peers: z.boolean().default(false),
    wait: duration(100, 3_600_000).default(120_000),
  })
  .superRefine((keys, context) => {
    checkUpstream(keys, (key, message) =>
      context.addIssue({ code: 'custom', path: [key], message }),
    )
  })
  .transform(({ cluster, geoip, peers, wait, ...upstream }) => ({
    upstream: upstream satisfies Upstream,
    cluster,
    geoip,
    hasPeers: peers,
    waitMs: wait,
  }))

export type Config = z.output<typeof Schema>

/** Reads the command line. Throws ConfigError. */
export function readConfig(argv: readonly string[]): Config | { help: string } {
  return readSettings(argv, {
    title,
    flags,
    schema: Schema,
    fromEnvironment: {},
    whenMissing: { prometheus: 'use -p http://prometheus:9090' },
  })
}
