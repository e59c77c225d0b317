import type { z } from 'zod'
import { OPTION_OF_SETTING, UsageError, type CommandLine } from './command-line.ts'
import { sinkSchemas } from './sinks/options.ts'

/** What was told is wrong: one line per fault, each with the place and the fix. Holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type Fault = { readonly path: readonly string[]; readonly fault: string }

export function faultOf(issue: z.core.$ZodIssue): Fault {
  return { path: issue.path.map(String), fault: issue.message }
}

/** All of them as one error: of each place the first, as what follows of it is mostly the same again. */
export function faultsError(found: readonly Fault[], { settings, configFile }: CommandLine): Error {
  const byPlace = Map.groupBy(found, ({ path }) => path.join('.'))
  const lines = [...byPlace.values()]
    .flatMap(([first]) => first ?? [])
    .map(({ path, fault }) => {
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

/** Whatever a schema does not say itself of what is wrong, with the fix; shows nothing of a value, which may be a secret. */
export function faultText(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown setting ${issue.keys.join(', ')}. Correct its spelling or remove it`
    case 'invalid_type':
      return `${stateOf(issue.input)}. Write ${EXPECTED[issue.expected] ?? `a value of the type ${issue.expected}`}`
    case 'too_small':
      return `is too small. Write ${issue.minimum} or more`
    case 'too_big':
      return `is too large. Write ${issue.maximum} or less`
    case 'invalid_value':
      return `is none of what it may be. Use one of: ${issue.values.join(', ')}`
    case 'invalid_key':
      return issue.issues.map(({ message }) => message).join('; ')
    case 'invalid_union':
      if (issue.discriminator === 'type')
        return `unknown sink. Use one of: ${Object.keys(sinkSchemas).join(', ')}`
  }
  return 'is not written as it must be. Correct it'
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text, in quotes where it could be read as something else',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list, such as [one, other]',
  object: 'settings by their names, such as {name: value}',
  record: 'settings by their names, such as {name: value}',
}

function stateOf(input: unknown): string {
  if (input === undefined) return 'is missing'
  if (input === null) return 'is empty'
  if (Array.isArray(input)) return 'is a list'
  if (typeof input === 'object') return 'is no single value'
  if (typeof input === 'string') return 'is a text'
  if (typeof input === 'boolean') return 'is true or false'
  return Number.isInteger(input) ? 'is a number' : 'is a fraction'
}
