import { parseArgs } from 'node:util'
import { sinkSchemas } from './sinks/options.ts'
import { messageOf } from './message-of.ts'

const COMMANDS = ['run', 'check', 'unpin'] as const

/** What is to be done; `run` is not said. */
export type Command = (typeof COMMANDS)[number]

/** What a command line says, in the form of the config file. */
export type CommandLine = {
  readonly command: Command
  readonly settings: Readonly<Record<string, unknown>>
  readonly configFile?: string
  /** How often `-v` was given. */
  readonly verbosity: number
  readonly wantsHelp: boolean
}

/** Faults of the command line: one line each, which names the option and the fix. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const HELP = `Usage: node agent/main.ts [check | unpin] [options]

  check              says what the agent needs of this machine and whether it is there; changes nothing
  unpin              removes the programs and maps that outlive the agent, and what was not read yet

  --sink SPEC        where samples go: name[,key=value]... (repeatable; default: stdout)
                     stdout[,format=table|json]
                     prometheus,endpoint=http://prometheus:9090/api/v1/write[,username=U,password=P]
                     otlp,endpoint=http://otel-collector:4318[,protocol=grpc]
                     newrelic,account=1234567,key=LICENSE_KEY[,region=EU]
                     scrape[,path=/metrics/traffic]
  --config FILE      settings as YAML or JSON; the command line wins over it
  --interval 10s     how often samples are taken, 1s to 5m
  --listen HOST:PORT the agent's own /metrics, /healthz and /readyz (default: :8080)
  --node-name NAME   name of this node (default: NODE_NAME, else the host name)
  --cgroup-root DIR  where to look for the cgroup2 mount (default: /proc/self/mountinfo)
  --bytecode FILE    the kernel programs (default: /usr/lib/podatlas/podatlas.bpf.o)
  --pin-directory DIR
                     where programs and maps outlive the agent, on a bpffs
                     (default: /sys/fs/bpf/podatlas; empty: nowhere)
  --spool-directory DIR
                     where sinks keep on disk what waits, over an end of the agent (default: nowhere)
  --udp auto|off     whether UDP is counted (default: auto)
  -v, --verbose      log more
  -h, --help         this text

CONVIS_ARGS may hold such a command line; it is read before the real one. A password or key on a
command line is visible to everyone on the machine: a config file with passwordFile or keyFile keeps
it from them.`

const OPTIONS = {
  bytecode: { type: 'string' },
  'cgroup-root': { type: 'string' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  interval: { type: 'string' },
  listen: { type: 'string' },
  'node-name': { type: 'string' },
  'pin-directory': { type: 'string' },
  sink: { type: 'string', multiple: true },
  'spool-directory': { type: 'string' },
  udp: { type: 'string' },
  verbose: { type: 'boolean', short: 'v', multiple: true },
} as const

/** What comes after a comma in one of them is a part of it, and not shown. */
const SECRET = new Set(['password', 'token', 'key', 'proxyUrl', 'endpoint'])
const INTO_A_FILE = 'Put values with spaces or commas into a file (--config)'

/** Setting of the config file → option that sets it. */
export const OPTION_OF_SETTING: Readonly<Record<string, string>> = {
  cgroupRoot: '--cgroup-root',
  interval: '--interval',
  'kernel.bytecode': '--bytecode',
  'kernel.pinDirectory': '--pin-directory',
  listen: '--listen',
  nodeName: '--node-name',
  'spool.directory': '--spool-directory',
  udp: '--udp',
}

/** Pure: parses arguments without the name of the program. Throws `UsageError`. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, tokens } = parseOptions(args)
  const kernel = {
    ...(values.bytecode !== undefined && { bytecode: values.bytecode }),
    ...(values['pin-directory'] !== undefined && { pinDirectory: values['pin-directory'] }),
  }
  const settings = {
    ...(values['cgroup-root'] !== undefined && { cgroupRoot: values['cgroup-root'] }),
    ...(values.interval !== undefined && { interval: values.interval }),
    ...(Object.keys(kernel).length > 0 && { kernel }),
    ...(values.listen !== undefined && { listen: values.listen }),
    ...(values['node-name'] !== undefined && { nodeName: values['node-name'] }),
    ...(values.sink !== undefined && { sinks: namedSinks(values.sink) }),
    ...(values['spool-directory'] !== undefined && {
      spool: { directory: values['spool-directory'] },
    }),
    ...(values.udp !== undefined && { udp: values.udp }),
  }
  return {
    command: commandOf(tokens),
    settings,
    ...(values.config !== undefined && { configFile: values.config }),
    verbosity: values.verbose?.length ?? 0,
    wantsHelp: values.help ?? false,
  }
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, tokens: true })
  } catch (error) {
    // "Unknown option '--foo'. To specify a positional argument …": the first sentence says it.
    const [problem = ''] = messageOf(error).split('. ')
    throw new UsageError(`${problem.replaceAll(/\s+/g, ' ')}. See --help`)
  }
}

function commandOf(tokens: ReturnType<typeof parseOptions>['tokens']): Command {
  const words = tokens.filter(token => token.kind === 'positional')
  const [word] = words
  const command = word ? COMMANDS.find(known => known === word.value) : 'run'
  const unexpected = command ? words[1] : word
  if (command && !unexpected) return command
  const before = tokens[tokens.findIndex(token => token === unexpected) - 1]
  // Such as the second word of a password in CONVIS_ARGS, which is split at spaces: it is not shown.
  if (before?.kind === 'option' && before.name === 'sink')
    throw new UsageError(`--sink: something follows its value. ${INTO_A_FILE}`)
  throw new UsageError(`Unexpected argument '${unexpected?.value}'. See --help`)
}

/** A sink is named after its type; a second one of a type is `stdout-2`. */
function namedSinks(specs: readonly string[]): Record<string, Record<string, unknown>> {
  const named: Record<string, Record<string, unknown>> = {}
  // Of each the first: what follows it may be part of a secret, which is not shown.
  const faults: string[] = []
  for (const spec of specs) {
    try {
      const options = parseSinkSpec(spec)
      const sameType = Object.values(named).filter(({ type }) => type === options.type).length
      named[sameType === 0 ? options.type : `${options.type}-${sameType + 1}`] = options
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      faults.push(error.message)
    }
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n'))
  return named
}

/** The syntax of 2021: `name[,key=value]…`; a value may hold `=` but no comma. */
function parseSinkSpec(spec: string): { type: string } & Record<string, unknown> {
  const [type = '', ...entries] = spec.split(',')
  if (!isSinkType(type)) {
    const known = Object.keys(sinkSchemas).join(', ')
    throw new UsageError(`--sink: unknown sink "${type}". Use one of: ${known}`)
  }
  const known: Readonly<Record<string, SettingSchema>> = sinkSchemas[type].shape
  const options: { type: string } & Record<string, unknown> = { type }
  let before = ''
  for (const entry of entries) {
    const at = entry.indexOf('=')
    const key = at === -1 ? entry : entry.slice(0, at)
    const schema = key === 'type' ? undefined : known[key]
    if (schema === undefined && SECRET.has(before))
      throw new UsageError(`--sink ${type}: no key follows ${before}. ${INTO_A_FILE}`)
    if (at === -1) throw new UsageError(`--sink ${type}: "${key}" has no value. Write ${key}=VALUE`)
    if (schema === undefined) {
      const keys = Object.keys(known).filter(name => name !== 'type')
      throw new UsageError(`--sink ${type}: unknown key "${key}". Use one of: ${keys.join(', ')}`)
    }
    options[key] = typedValue(schema, entry.slice(at + 1))
    before = key
  }
  return options
}

type SettingSchema = { readonly safeParse: (value: unknown) => { readonly success: boolean } }

function isSinkType(type: string): type is keyof typeof sinkSchemas {
  return Object.hasOwn(sinkSchemas, type)
}

/** A password of digits stays a text; where the setting takes no text, `100` is a number. */
function typedValue(schema: SettingSchema, text: string): unknown {
  if (schema.safeParse(text).success) return text
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? text : value
  } catch {
    return text
  }
}
