import { z } from 'zod'
import { DROPPABLE_LABELS, OPTIONAL_LABELS } from './aggregate/traffic-labels.ts'
import { duration } from './duration.ts'
import { namedSinks } from './sinks/options.ts'

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The config file. The chart's schema of agent settings is made from it. */
export const Settings = z.strictObject({
  nodeName: z
    .string()
    .default('')
    .describe('Name of this node; empty: NODE_NAME, else the host name'),
  cluster: z.string().default('').describe('Value of the label cluster; empty: no such label'),
  interval: duration('1s', '5m').prefault('10s').describe('How often samples are taken'),
  maxSeries: z
    .int()
    .min(100)
    .max(1_000_000)
    .default(10_000)
    .describe('Series this node may have at most; what exceeds them is folded, sums stay exact'),
  seriesIdle: duration('1m', '720h')
    .prefault('1h')
    .describe('A series without traffic ends after this time'),
  priorityNamespaces: z
    .array(z.string().min(1, 'write the name of a namespace'))
    .default([])
    .describe('Namespaces that keep their remote ends before all others where series are short'),
  labels: z
    .strictObject({
      add: z
        .array(z.literal(OPTIONAL_LABELS, `use ${OPTIONAL_LABELS.join(', ')}`))
        .default([])
        .describe('Labels that traffic series have only on demand'),
      drop: z
        .array(
          z.literal(
            DROPPABLE_LABELS,
            `use ${DROPPABLE_LABELS.join(', ')}; source_host stays: it keeps the series of two nodes apart`,
          ),
        )
        .default([])
        .describe('Labels that traffic series do without; what then coincides is one series'),
    })
    .prefault({}),
  // As with udp: a bare `on` is true.
  processes: z
    .literal(['on', 'off', true, false], 'use on or off')
    .default('off')
    .describe('Whether traffic series tell processes apart, by process_pid and process_cmd'),
  names2021: z.boolean().default(false).describe('Send bytes_tx and bytes_rx as well'),
  listen: z
    .string()
    .regex(/^(?:\[[^\]]+\]|[^:\s]*):\d{1,5}$/, 'write HOST:PORT or :PORT, such as 127.0.0.1:8080')
    .default(':8080')
    .describe("Address of the agent's own /metrics, /healthz and /readyz"),
  cgroupRoot: z
    .string()
    .default('')
    .describe('Look for the cgroup2 mount at or below this folder; empty: anywhere'),
  kernel: z
    .strictObject({
      bytecode: z.string().default('').describe('The kernel programs; empty: those of the image'),
      maxFlows: z
        .int()
        .min(1_024)
        .max(1_048_576)
        .default(32_768)
        .describe('Flows the kernel map holds between two drains'),
      maxSockets: z
        .int()
        .min(1_024)
        .max(4_194_304)
        .default(131_072)
        .describe('Connections that are counted while they are open; those beyond when they close'),
      pinDirectory: z
        .string()
        .regex(/^(?:\/.*[^/])?$/, 'write an absolute path without a slash at its end, or nothing')
        .default('/sys/fs/bpf/podatlas')
        .describe('Where programs and maps outlive the agent, on a bpffs; empty: they end with it'),
    })
    .prefault({}),
  // YAML 1.1 reads a bare `off` as false, and Helm writes what it read.
  udp: z
    .literal(['auto', 'off', false], 'use auto or off')
    .default('auto')
    .describe('Whether UDP is counted; auto: in the cheapest way that this kernel allows'),
  kubernetes: z
    .strictObject({
      // As with udp: a bare `on` is true.
      enabled: z
        .literal(['auto', 'on', 'off', true, false], 'use auto, on or off')
        .default('auto')
        .describe('Whether pods get their names from the API server; auto: when run in a pod'),
      apiServer: z
        .string()
        .regex(/^(?:https:\/\/[^\s/]+\/?)?$/, 'use a URL like https://10.0.0.1:6443')
        .default('')
        .describe('Empty: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT'),
      daemonSet: z
        .string()
        .regex(/^(?:[^/\s]+\/[^/\s]+)?$/, 'write NAMESPACE/NAME')
        .default('')
        .describe('Pins are removed when this object is deleted, as NAMESPACE/NAME; empty: never'),
      tokenFile: z.string().default(`${SERVICE_ACCOUNT}/token`),
      caFile: z.string().default(`${SERVICE_ACCOUNT}/ca.crt`),
    })
    .prefault({}),
  spool: z
    .strictObject({
      directory: z
        .string()
        .regex(/^(?:\/.*[^/])?$/, 'write an absolute path without a slash at its end, or nothing')
        .default('')
        .describe('Where sinks keep what waits, over an end of the agent; empty: in memory only'),
    })
    .prefault({}),
  sinks: namedSinks
    .refine(named => Object.keys(named).length > 0, 'name at least one sink, such as stdout')
    .prefault({ stdout: { type: 'stdout' } })
    .describe('Where samples go, by names of your own'),
})

/** As the config file has them, with what it leaves out. */
export type Settings = z.output<typeof Settings>
