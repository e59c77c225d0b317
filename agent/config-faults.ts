import type { z } from 'zod'
import { OPTION_OF_SETTING, UsageError, type CommandLine } from './command-line.ts'
import { sinkSchemas } from './sinks/options.ts'

/** What was told is wrong: one line per fault, each with the place and the fix. Holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type Fault = { readonly path: readonly string[]; readonly fault: string }

export function faultOf(issue: z.core.$ZodIssue): Fault {
  return { path: issue.path.map(String), fault: faultText(issue) }
}

/** All of them as one error. */
export function faultsError(found: readonly Fault[], { settings, configFile }: CommandLine): Error {
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
