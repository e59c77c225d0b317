import { z } from 'zod'
import { parseNetwork } from '../address/network.ts'
import { count, duration, httpUrl, listenAddress } from '../program/fields.ts'
import { readSettings } from '../program/settings.ts'
import { checkUpstream, upstreamShape } from '../prometheus/upstream.ts'
import { flags } from './flags.ts'

const defaultQuery = 'count by (destination_ip) (podatlas_transmit_bytes_total)'

const File = z.string().min(1, 'name a file')

const { prometheus: prometheusUrl, ...accessShape } = upstreamShape

const Keys = z.strictObject({
  ...accessShape,
  cluster: z.string().default(''),
  listen: listenAddress,
  maxPeers: count(1, 10_000_000).default(200_000),
  podNetworks: z
    .array(z.string().refine(isNetwork, 'use a network like 10.244.0.0/16'))
    .default([]),
  prometheus: prometheusUrl.optional(),
  query: z.string().trim().min(1, 'is empty; leave it out for the default').default(defaultQuery),
  interval: duration(1_000, 3_600_000).default(10_000),
  timeout: duration(100, 300_000).default(10_000),
  maxClassified: count(1, 1_000_000).default(20_000),
  kubeconfig: File.optional(),
  apiServer: httpUrl('https://10.96.0.1:443').optional(),
  apiTokenFile: File.optional(),
  apiCaFile: File.optional(),
})

const schema = (inPod: boolean) =>
  Keys.superRefine((keys, context) => {
    const { kubeconfig, apiServer, apiTokenFile, apiCaFile, prometheus } = keys
    const fault = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message })
    if (!kubeconfig && !apiServer && !inPod) {
      fault('kubeconfig', 'is missing; outside a pod, name a file or use --api-server URL')
    }
    if (apiTokenFile && !apiServer) fault('apiTokenFile', 'goes with --api-server; add that')
    if (apiCaFile && !apiServer) fault('apiCaFile', 'goes with --api-server; add that')
    if (prometheus) checkUpstream({ ...keys, prometheus }, fault)
    else {
      for (const [key, value] of Object.entries(keys)) {
        if (key in accessShape && isGiven(value)) fault(key, 'goes with --prometheus; add that')
      }
    }
  }).transform(({ query, interval, timeout, maxClassified, prometheus, ...rest }) => {
    const { cluster, listen, maxPeers, podNetworks, ...reached } = rest
    const { kubeconfig, apiServer, apiTokenFile, apiCaFile, ...access } = reached
    return {
      cluster,
      listen,
      maxPeers,
      podNetworks,
      api: { kubeconfig, apiServer, apiTokenFile, apiCaFile },
      upstream: prometheus === undefined ? undefined : { prometheus, ...access },
      query,
      pollEveryMs: interval,
      timeoutMs: timeout,
      maxClassified,
    }
  })

export type Config = z.output<ReturnType<typeof schema>>

/** Reads command line, environment (`QUERY`, `KUBECONFIG`) and config file. Throws ConfigError. */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | { help: string } {
  const { QUERY: query, KUBECONFIG: kubeconfig, KUBERNETES_SERVICE_HOST: host } = environment
  return readSettings(argv, {
    title: 'podatlas-peers: says which pod, service or node owns an address',
    flags,
    schema: schema(Boolean(host)),
    fromEnvironment: {
      ...(query !== undefined && { query }),
      ...(kubeconfig && { kubeconfig }),
    },
  })
}

/** Not what a key is without being said. */
function isGiven(value: unknown): boolean {
  return typeof value === 'object' ? Object.keys(value ?? {}).length > 0 : Boolean(value)
}

function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined
}
