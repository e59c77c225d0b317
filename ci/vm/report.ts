import type { Compared } from '../../agent/kernel/test/scenario.ts'
import { MARK } from './answer.ts'
import type { Result } from './verdict.ts'

const LAST_LINES = 40

/** A line for a promise; for a broken one, why. */
export function describeResult({ name, seconds, compared, failure }: Result): string {
  const time = seconds === undefined ? '' : `${seconds.toFixed(1)} s`
  const head = `  ${failure === undefined ? 'ok    ' : 'FAILED'} ${time.padStart(7)}  ${name}`
  if (failure !== undefined) return `${head}\n${indented(failure)}`
  return compared === undefined ? head : `${head}: ${describeCompared(compared)}`
}

export function describeCompared({ connections, datagrams, bytes }: Compared): string {
  const counts = [
    [connections, 'connections'],
    [datagrams, 'datagrams'],
    [bytes, 'bytes'],
  ] as const
  return counts.map(([count, unit]) => `${count.toLocaleString('en')} ${unit}`).join(', ')
}

/** Promises about which the machine said nothing: each by its name, and why once. */
export function describeUnanswered(results: readonly Result[]): string[] {
  const names = results.map(({ name }) => `  FAILED ${' '.repeat(9)}${name}`)
  const reasons = new Set(results.map(({ failure = '' }) => failure))
  return [...names, ...[...reasons].map(reason => indented(reason))]
}

/** The end of what a machine wrote beside its answers. */
export function describeConsole(said: string): string {
  const lines = said.split(/\r*\n/).filter(line => line.trim() !== '' && !line.includes(MARK))
  if (lines.length === 0) return '  Its console stayed empty.'
  return `  The end of its console:\n${indented(lines.slice(-LAST_LINES).join('\n'))}`
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '      ')
}
