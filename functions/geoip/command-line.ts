import { parseArgs } from 'node:util'

type Flag = {
  readonly key: string
  readonly short?: string
  readonly value?: string
  readonly isList?: boolean
  readonly isNumber?: boolean
  readonly help: string
}

/** Every flag by its long name; short ones are those of 2021. */
export const flags: Readonly<Record<string, Flag>> = {
  prometheus: {
    key: 'prometheus',
    short: 'p',
    value: 'URL',
    help: 'Prometheus base URL, such as http://prometheus:9090',
  },
  'address-label': {
    key: 'addressLabel',
    short: 'i',
    value: 'LABEL',
    help: "label of the query's result that holds the address (default destination_ip)",
  },
  database: {
    key: 'databases',
    short: 'd',
    value: 'FILE',
    isList: true,
    help: 'MMDB file; repeatable, the first that knows an address wins (default DB-IP City Lite)',
  },
  label: {
    key: 'labels',
    short: 'l',
    value: 'LABEL',
    isList: true,
    help: 'label to carry over to geo_ip; repeatable',
  },
  debug: { key: 'debug', short: 'D', help: 'log every query' },
  query: { key: 'query', value: 'PROMQL', help: 'the query; the environment variable QUERY too' },
  listen: { key: 'listen', value: 'HOST:PORT', help: 'where to serve (default 0.0.0.0:8080)' },
  interval: { key: 'interval', value: 'TIME', help: 'time between queries (default 10s)' },
  timeout: { key: 'timeout', value: 'TIME', help: 'longest wait for Prometheus (default 10s)' },
  'max-addresses': {
    key: 'maxAddresses',
    value: 'COUNT',
    isNumber: true,
    help: 'most series of geo_ip, largest values first (default 20000)',
  },
  'page-dir': { key: 'pageDir', value: 'DIR', help: 'built files of the page' },
  config: {
    key: 'config',
    value: 'FILE',
    help: 'YAML or JSON file; the command line wins over it',
  },
  help: { key: 'help', short: 'h', help: 'print this and exit' },
}

export type CommandLine = {
  /** Values by config key; numbers and lists are already that. */
  readonly values: Readonly<Record<string, unknown>>
  readonly faults: readonly string[]
}

/** Reads all of the command line before it complains, so that every fault is told at once. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const values: Record<string, unknown> = {}
  const faults: string[] = []
  for (const token of tokensOf(argv)) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      faults.push(`"${token.value}": not a flag; see --help`)
      continue
    }
    const flag = flags[token.name]
    if (!flag || !Object.hasOwn(flags, token.name)) {
      faults.push(`${token.rawName}: unknown flag; see --help`)
    } else if (!flag.value) {
      if (token.value === undefined) values[flag.key] = true
      else faults.push(`${token.rawName}: takes no value`)
    } else if (token.value === undefined || (!token.inlineValue && /^-./.test(token.value))) {
      faults.push(`${token.rawName}: a value is missing; write ${token.rawName} ${flag.value}`)
    } else if (flag.isList) {
      const earlier: unknown = values[flag.key]
      values[flag.key] = [...(Array.isArray(earlier) ? earlier : []), token.value]
    } else {
      values[flag.key] = flag.isNumber ? Number(token.value) : token.value
    }
  }
  return { values, faults }
}

export function helpText(): string {
  const lines = Object.entries(flags).map(([name, { short, value, help }]) => {
    const names = `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`
    return `  ${names.padEnd(30)} ${help}`
  })
  return ['podatlas-geoip: places the addresses of a PromQL query on the map', ...lines].join('\n')
}

function tokensOf(argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { short, value, isList }]) => [
      name,
      {
        type: value ? ('string' as const) : ('boolean' as const),
        ...(short && { short }),
        ...(isList && { multiple: true }),
      },
    ]),
  )
  return parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens
}
