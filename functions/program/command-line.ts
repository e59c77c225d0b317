import { parseArgs } from 'node:util'

type Flag = {
  /** Of the config file. */
  readonly key: string
  readonly short?: string
  readonly value?: string
  readonly isList?: boolean
  readonly isNumber?: boolean
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
    } else if (flag.isList) {
      const earlier: unknown = values[flag.key]
      values[flag.key] = [...(Array.isArray(earlier) ? earlier : []), token.value]
    } else {
      values[flag.key] = flag.isNumber ? Number(token.value) : token.value
    }
  }
  return { values, faults }
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
