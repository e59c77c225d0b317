import { isMet, type Result } from './result.ts'

const HEAD = ['bench', 'metric', 'goal', 'measured', 'limit', 'met', 'noise']

/** Goal, measured and limit side by side. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map(rowOf)
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [HEAD, widths.map(width => '-'.repeat(width)), ...rows].map(line).join('\n')
}

function rowOf(result: Result): string[] {
  const { goal, noise, unit } = result
  return [
    result.bench,
    result.metric,
    'atMost' in goal ? `≤ ${number(goal.atMost, unit)}` : `≥ ${number(goal.atLeast, unit)}`,
    number(result.measured, unit),
    result.limit,
    isMet(result) ? 'yes' : 'NO',
    noise
      ? `${noise.median.toFixed(4)} (${noise.lowerQuartile.toFixed(4)}–${noise.upperQuartile.toFixed(4)})`
      : '',
  ]
}

function number(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 4
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })}${unit === '' ? '' : ` ${unit}`}`
}
