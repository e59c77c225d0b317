import type { Row } from './kernel/check.ts'

const MARKS = { ok: 'ok', less: '--', no: 'NO' } as const

/** The rows for people: a line each, and a further one with the fix where one is needed. */
export function checkTable(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length))
  const lines = rows.flatMap(({ what, state, finding, fix }) => {
    const line = `${MARKS[state]}  ${what.padEnd(width)}  ${finding}`
    return fix === undefined ? [line] : [line, `${' '.repeat(width + 6)}→ ${fix}`]
  })
  return [...lines, '', verdictOf(rows)].join('\n')
}

/** Whether nothing is missing without which the agent cannot run. */
export function canRun(rows: readonly Row[]): boolean {
  return rows.every(({ state }) => state !== 'no')
}

function verdictOf(rows: readonly Row[]): string {
  if (!canRun(rows)) return 'The agent cannot run here: see the rows with NO.'
  return rows.every(({ state }) => state === 'ok')
    ? 'The agent can run here.'
    : 'The agent can run here, with less: see the rows with --.'
}
