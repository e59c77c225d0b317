import { z } from 'zod'
import { parseNetwork } from '../address/network.ts'
import { count, duration, httpUrl, listenAddress } from '../program/fields.ts'
import { readSettings } from '../program/settings.ts'
import { flags } from './flags.ts'

const defaultQuery = 'count by (destination_ip) (podatlas_transmit_bytes_total)'

const File = z.string().min(1, 'name a file')

const Keys = z.strictObject({
  cluster: z.string().default(''),
  listen: listenAddress,
  maxPeers: count(1, 10_000_000).default(200_000),
  podNetworks: z
    .array(z.string().refine(isNetwork, 'use a network like 10.244.0.0/16'))
    .default([]),
  prometheus: httpUrl('http://prometheus:9090').optional(),
  query: z.string().trim().min(1, 'is empty; leave it out for the default').default(defaultQuery),
  interval: duration(1_000, 3_600_000).default(10_000),
  timeout: duration(100, 300_000).default(10_000),
  maxClassified: count(1, 1_000_000).default(20_000),
  kubeconfig: File.optional(),
  apiServer: httpUrl('https://10.96.0.1:443').optional(),
  tokenFile: File.optional(),
  caFile: File.optional(),
})

const schema = (inPod: boolean) =>
  Keys.superRefine(({ kubeconfig, apiServer, tokenFile, caFile }, context) => {
    const fault = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message })
    if (!kubeconfig && !apiServer && !inPod) {
      fault('kubeconfig', 'is missing; outside a pod, name a file or use --api-server URL')
    }
    if (apiServer) return
    if (tokenFile) fault('tokenFile', 'goes with --api-server; add that')
    if (caFile) fault('caFile', 'goes with --api-server; add that')
  }).transform(({ interval, timeout, ...rest }) => ({
    ...rest,
    pollEveryMs: interval,
    timeoutMs: timeout,
  }))

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

function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined
}
