import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { parseDocument, YAMLError } from 'yaml'
import type { LabelChoice } from './aggregate/traffic-labels.ts'
import type { ApiServer } from './attribute/api-server.ts'
import { parseCommandLine, type Command, type CommandLine } from './command-line.ts'
import { ConfigError, faultOf, faultsError, faultText, type Fault } from './config-faults.ts'
import { Settings } from './settings.ts'
import { folderFault } from './sinks/spool/folder.ts'
import { surroundingFaults, withProxy } from './sinks/surroundings.ts'
import { messageOf } from './message-of.ts'

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
  const parsed = Settings.safeParse(input, { error: faultText })
  // Who removes what an agent left needs no sink.
  const around =
    commandLine.command === 'unpin'
      ? []
      : [...faultsAround(input, env), ...folderFaults(input, commandLine)]
  if (!parsed.success || around.length > 0)
    throw faultsError([...(parsed.error?.issues.map(faultOf) ?? []), ...around], commandLine)
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
    const document = parseDocument(readFileSync(file, 'utf8'))
    const [fault] = [...document.errors, ...document.warnings]
    if (fault) throw fault
    return document.toJS() ?? {}
  } catch (error) {
    const fix = 'Give a file of YAML or JSON, with quotes around texts that hold signs'
    throw new ConfigError(`--config: cannot read ${file}: ${withoutQuote(error)}. ${fix}`)
  }
}

/** What is wrong with a file: after a colon, YAML's words quote it, and that may be a secret. */
function withoutQuote(error: unknown): string {
  if (!(error instanceof YAMLError || error instanceof ReferenceError)) return messageOf(error)
  const [line = ''] = error.message.split('\n')
  const [words = ''] = line.replace(/ at line \d+, column \d+:$/, '').split(/(?<=\S): /)
  const at = error instanceof YAMLError ? error.linePos?.[0] : undefined
  return at ? `${words} at line ${at.line}, column ${at.col}` : words
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
