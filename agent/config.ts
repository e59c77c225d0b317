import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { DROPPABLE_LABELS, OPTIONAL_LABELS, type LabelChoice } from './aggregate/traffic-labels.ts'
import type { ApiServer } from './attribute/api-server.ts'
import {
  OPTION_OF_SETTING,
  parseCommandLine,
  UsageError,
  type Command,
  type CommandLine,
} from './command-line.ts'
import { duration } from './duration.ts'
import { namedSinks, sinkSchemas } from './sinks/options.ts'
import { folderFault } from './sinks/spool-folder.ts'
import { surroundingFaults, withProxy } from './sinks/surroundings.ts'

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

type Settings = z.output<typeof Settings>

/** Everything the agent was told, parsed and complete. */
export type Config = Pick<
  Settings,
  'cluster' | 'maxSeries' | 'priorityNamespaces' | 'names2021' | 'cgroupRoot' | 'sinks' | 'kernel'
> & {
  readonly command: Command
  readonly nodeName: string
  readonly intervalMs: number
  readonly seriesIdleMs: number
  readonly listen: { readonly host?: string; readonly port: number }
  readonly labels: LabelChoice
  readonly udp: 'auto' | 'off'
  /** Absent: without Kubernetes. */
  readonly apiServer?: ApiServer
  /** What makes the agent's pod, as `namespace/name`. */
  readonly daemonSet?: string
  /** Of all sinks. Absent: what waits is in memory only. */
  readonly spoolDirectory?: string
  readonly verbosity: number
}

/** What was told is wrong: one line per fault, each with the place and the fix. Holds no secret. */
class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads `CONVIS_ARGS`, then the arguments (without the name of the program), then the config file they
 * name. Throws `UsageError` for faults of the command line, `ConfigError` for all others.
 */
export function readConfig(args: readonly string[], env: Environment): Config | 'help' {
  const words = (env.CONVIS_ARGS ?? '').split(/\s+/).filter(word => word !== '')
  const commandLine = parseCommandLine([...words, ...args])
  if (commandLine.wantsHelp) return 'help'
  const { configFile } = commandLine
  const fromFile = configFile === undefined ? {} : readSettings(configFile)
  return parseConfig(fromFile, commandLine, env)
}

/** `fromFile` is what the file holds, as parsed from YAML. Of files, it reads only those that the sinks name. */
function parseConfig(fromFile: unknown, commandLine: CommandLine, env: Environment): Config {
  const input = merged(fromFile, commandLine.settings)
  const parsed = Settings.safeParse(input)
  // Who removes what an agent left needs no sink.
  const around =
    commandLine.command === 'unpin'
      ? []
      : [...faultsAround(input, env), ...folderFaults(input, commandLine)]
  if (!parsed.success || around.length > 0)
    throw faults([...(parsed.error?.issues.map(ofIssue) ?? []), ...around], commandLine)
  const { interval, seriesIdle, listen, kernel, kubernetes, udp, labels, processes, ...rest } =
    parsed.data
  const { spool, ...settings } = rest
  const portAt = listen.lastIndexOf(':')
  const host = listen.slice(0, portAt).replaceAll(/[[\]]/g, '')
  const apiServer = apiServerOf(kubernetes, env)
  // Nothing else than what is counted carries the name.
  const isNamed = !apiServer || commandLine.command !== 'run'
  const nodeName = settings.nodeName || env.NODE_NAME || (isNamed ? hostname() : '')
  if (nodeName === '') {
    throw new ConfigError(
      'nodeName: in a pod the host name is not the name of the node. ' +
        'Set NODE_NAME by the downward API (spec.nodeName) or set nodeName',
    )
  }
  return {
    ...settings,
    sinks: Object.fromEntries(
      Object.entries(settings.sinks).map(([name, sink]) => [name, withProxy(sink, env)]),
    ),
    command: commandLine.command,
    nodeName,
    intervalMs: interval,
    seriesIdleMs: seriesIdle,
    listen: { ...(host !== '' && { host }), port: Number(listen.slice(portAt + 1)) },
    kernel: { ...kernel, bytecode: kernel.bytecode || '/usr/lib/podatlas/podatlas.bpf.o' },
    labels: { ...labels, processes: processes === 'on' || processes === true },
    udp: udp || 'off',
    ...(apiServer && { apiServer }),
    ...(apiServer && kubernetes.daemonSet && { daemonSet: kubernetes.daemonSet }),
    ...(spool.directory !== '' && { spoolDirectory: spool.directory }),
    verbosity: commandLine.verbosity,
  }
}

function readSettings(file: string): unknown {
  try {
    return parseYaml(readFileSync(file, 'utf8')) ?? {}
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new ConfigError(`--config: cannot read ${file}: ${why}. Give a file of YAML or JSON`)
  }
}

/** The command line wins; sinks given there replace those of the file, which go by other names. */
function merged(fromFile: unknown, settings: CommandLine['settings']): unknown {
  if (!isRecord(fromFile)) return fromFile
  const whole = { ...fromFile, ...settings }
  if (!isRecord(fromFile.kernel) || !isRecord(settings.kernel)) return whole
  return { ...whole, kernel: { ...fromFile.kernel, ...settings.kernel } }
}

function apiServerOf(kubernetes: Settings['kubernetes'], env: Environment): ApiServer | undefined {
  const { enabled, apiServer, tokenFile, caFile } = kubernetes
  if (enabled === 'off' || enabled === false) return undefined
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env
  const inCluster = host === '' ? '' : `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  const url = apiServer || inCluster
  if (url !== '') return { url, tokenFile, caFile }
  if (enabled === 'auto') return undefined
  throw new ConfigError(
    'kubernetes.enabled: is on, but KUBERNETES_SERVICE_HOST is not set. ' +
      'Run in a pod or set kubernetes.apiServer',
  )
}

type Fault = { readonly path: readonly string[]; readonly fault: string }

function ofIssue(issue: z.core.$ZodIssue): Fault {
  return { path: issue.path.map(String), fault: faultText(issue) }
}

function faultsAround(input: unknown, env: Environment): Fault[] {
  if (!isRecord(input) || !isRecord(input.sinks)) return []
  return Object.entries(input.sinks).flatMap(([name, sink]) =>
    surroundingFaults(sink, env).map(({ path, message }) => ({
      path: ['sinks', name, ...path],
      fault: message,
    })),
  )
}

/** Makes the folder of the spools, unless the command is one that changes nothing. */
function folderFaults(input: unknown, { command }: CommandLine): Fault[] {
  const directory = isRecord(input) && isRecord(input.spool) ? input.spool.directory : ''
  if (command !== 'run' || typeof directory !== 'string' || !directory.startsWith('/')) return []
  const fault = folderFault(directory)
  return fault === undefined ? [] : [{ path: ['spool', 'directory'], fault }]
}

function faults(found: readonly Fault[], { settings, configFile }: CommandLine): Error {
  const lines = found.map(({ path, fault }) => {
    const isFromCommandLine = path[0] !== undefined && path[0] in settings
    if (path[0] === 'sinks' && isFromCommandLine) {
      return { isFromCommandLine, line: `${['--sink', ...path.slice(1)].join(' ')}: ${fault}` }
    }
    const option = OPTION_OF_SETTING[path.join('.')]
    if (option !== undefined && isFromCommandLine) {
      return { isFromCommandLine, line: `${option}: ${fault}` }
    }
    const place = path.length === 0 ? 'the whole file' : path.join('.')
    return { isFromCommandLine: false, line: `${configFile ?? 'settings'}: ${place}: ${fault}` }
  })
  const text = lines.map(({ line }) => line).join('\n')
  return lines.every(line => line.isFromCommandLine) ? new UsageError(text) : new ConfigError(text)
}

function faultText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `unknown setting ${issue.keys.join(', ')}. Correct its spelling or remove it`
  }
  if (issue.code === 'invalid_union' && issue.discriminator === 'type') {
    return `unknown sink. Use one of: ${Object.keys(sinkSchemas).join(', ')}`
  }
  return issue.message.replace('Invalid input: ', '')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
