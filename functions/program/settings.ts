import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import type { z } from 'zod'
import { helpText, parseCommandLine } from './command-line.ts'
import type { Flags } from './command-line.ts'
import { messageOf } from './message-of.ts'

/** All faults of the configuration in one message, each with its field and its fix. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

export type Settings<Schema extends z.ZodType> = {
  /** First line of `--help`. */
  readonly title: string
  readonly flags: Flags
  readonly schema: Schema
  /** What the environment says, by key of the config file. */
  readonly fromEnvironment: object
  /** What to do about a key that is needed and missing, by key. */
  readonly whenMissing?: Readonly<Record<string, string>>
}

/**
 * Reads command line, environment and config file; the former win over the latter. Answers the text
 * of `--help` where that is asked. Throws ConfigError.
 */
export function readSettings<Schema extends z.ZodType>(
  argv: readonly string[],
  settings: Settings<Schema>,
): z.output<Schema> | { help: string } {
  const { title, flags, schema, fromEnvironment } = settings
  const { values, faults } = parseCommandLine(argv, flags)
  if (values['help']) return { help: helpText(title, flags) }
  const { config: file, ...fromCommandLine } = values
  const fromFile = typeof file === 'string' ? readConfigFile(file, faults) : {}
  const given = merged(merged(fromFile, fromEnvironment), fromCommandLine)
  const parsed = schema.safeParse(given)
  if (parsed.success && faults.length === 0) return parsed.data
  const issues = parsed.error?.issues ?? []
  throw faultsError([...faults, ...issues.map(issue => describeIssue(issue, settings))])
}

/** Of both, key by key in maps too; `over` wins. */
function merged(under: object, over: object): object {
  const result: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over)) {
    const below = result[key]
    result[key] = isMap(value) && isMap(below) ? merged(below, value) : value
  }
  return result
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readConfigFile(path: string, earlier: readonly string[]): object {
  try {
    const content: unknown = parseYaml(readFileSync(path, 'utf8'))
    if (content === null) return {}
    if (typeof content === 'object' && !Array.isArray(content)) return content
    throw new Error('it holds no map of keys')
  } catch (error) {
    const fault = `--config: cannot read ${path}: ${firstLine(error)}; name a YAML or JSON file`
    throw faultsError([...earlier, fault], error)
  }
}

function faultsError(faults: readonly string[], cause?: unknown): ConfigError {
  return new ConfigError(`the configuration has faults: ${faults.join('; ')}`, { cause })
}

function describeIssue(
  issue: z.core.$ZodIssue,
  { flags, whenMissing = {} }: { flags: Flags; whenMissing?: Readonly<Record<string, string>> },
): string {
  if (issue.code === 'unrecognized_keys') {
    const path = issue.path.map(part => `${String(part)}.`).join('')
    return issue.keys
      .map(key => `${path}${key}: unknown key of the config file; remove it`)
      .join('; ')
  }
  const [key = ''] = issue.path
  const flag = Object.entries(flags).find(([, candidate]) => candidate.key === key)
  const field =
    issue.path.join('.') +
    (flag ? ` (${flag[1].short ? `-${flag[1].short}, ` : ''}--${flag[0]})` : '')
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined
  const fix = isMissing ? whenMissing[String(key)] : undefined
  return `${field}: ${fix ? `is missing; ${fix}` : issue.message}`
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0] ?? ''
}
