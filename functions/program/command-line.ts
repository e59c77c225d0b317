import { parseArgs } from 'node:util'

type Flag = {
  /** Of the config file. */
  readonly key: string
  readonly short?: string
  readonly value?: string
  readonly isList?: boolean
  readonly isNumber?: boolean
  /** Its values are NAME=VALUE, each an entry of a map. */
  readonly isMap?: boolean
  /** NAME=VALUE goes to the entry NAME of this map of the config file; a VALUE alone is the key's. */
  readonly scope?: string
  readonly help: string
}

/** Every flag by its long name. */
export type Flags = Readonly<Record<string, Flag>>

export type CommandLine = {
  /** Values by config key; numbers and lists are already that. */
  readonly values: Readonly<Record<string, unknown>>
  readonly faults: readonly string[]
}

/** Reads all of the command line before it complains, so that every fault is told at once. */
export function parseCommandLine(argv: readonly string[], flags: Flags): CommandLine {
  const values: Record<string, unknown> = {}
  const faults: string[] = []
  for (const token of tokensOf(argv, flags)) {
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
    } else {
      const [, name, value = ''] = /^([A-Za-z][\w.-]*)=(.*)$/s.exec(token.value) ?? []
      if (flag.isMap && !name) {
        faults.push(`${token.rawName}: write ${token.rawName} ${flag.value}`)
      } else if (flag.isMap && name) mapAt(values, flag.key)[name] = value
      else if (flag.scope && name) set(mapAt(mapAt(values, flag.scope), name), flag, value)
      else set(values, flag, token.value)
    }
  }
  return { values, faults }
}

function set(values: Record<string, unknown>, { key, isList, isNumber }: Flag, text: string): void {
  const earlier: unknown = values[key]
  if (isList) values[key] = [...(Array.isArray(earlier) ? earlier : []), text]
  else values[key] = isNumber ? Number(text) : text
}

/** The map that stands there, made if there is none. */
function mapAt(values: Record<string, unknown>, key: string): Record<string, unknown> {
  const there = values[key]
  if (isRecord(there)) return there
  const made: Record<string, unknown> = {}
  values[key] = made
  return made
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function helpText(title: string, flags: Flags): string {
  const lines = Object.entries(flags).map(([name, { short, value, help }]) => {
    const names = `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`
    return `  ${names.padEnd(30)} ${help}`
  })
  return [title, ...lines].join('\n')
}

function tokensOf(argv: readonly string[], flags: Flags) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { short, value, isList, isMap, scope }]) => [
      name,
      {
        type: value ? ('string' as const) : ('boolean' as const),
        ...(short && { short }),
        ...((isList || isMap || scope) && { multiple: true }),
      },
    ]),
  )
  return parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens
}
