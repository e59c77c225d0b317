import type { MetricType } from '../model.ts'

/** What a page says of the metric a line belongs to. */
export type Family = {
  readonly type: MetricType
  readonly help: string
}

/** A line of a page: one series and its value. */
export type Line = {
  readonly name: string
  /** As they stand, possibly with empty values. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly value: number
  readonly family: Family
}

const UNTOLD: Family = { type: 'unknown', help: '' }
// OpenMetrics' "gauge histogram" is written as one word; "untyped" is the older name of "unknown".
const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'gauge_histogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
}
// What the lines of a family have behind its name.
const SUFFIX = /_(?:total|created|bucket|sum|count|gsum|gcount|info)$/
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(?:,|(?=\}))/y
// A timestamp and an exemplar may follow; neither is read.
const REST = /\s*(\S+)(?:\s+[-+\d.eE]+)?(?:\s+#\s*\{.*)?\s*$/y

/**
 * Reads a page in Prometheus' text format or in OpenMetrics, without its timestamps and exemplars.
 * Pure; throws an Error that names the line that is neither.
 */
export function parsePage(text: string): Line[] {
  const families = new Map<string, Family>()
  const lines: Line[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    if (line.startsWith('#')) {
      readComment(line, families)
      continue
    }
    const read = readLine(line.trimStart())
    if (!read) throw new Error(`line ${index + 1} is no sample: ${line.slice(0, 80)}`)
    lines.push({ ...read, family: familyOf(read.name, families) })
  }
  return lines
}

function readComment(line: string, families: Map<string, Family>): void {
  const [, keyword, name = '', text = ''] = /^#\s+(HELP|TYPE)\s+(\S+)\s*(.*)$/.exec(line) ?? []
  const before = families.get(name) ?? UNTOLD
  if (keyword === 'HELP') families.set(name, { ...before, help: unescaped(text) })
  if (keyword === 'TYPE') families.set(name, { ...before, type: TYPES[text.trim()] ?? 'unknown' })
}

function familyOf(name: string, families: ReadonlyMap<string, Family>): Family {
  return families.get(name) ?? families.get(name.replace(SUFFIX, '')) ?? UNTOLD
}

function readLine(line: string): Omit<Line, 'family'> | undefined {
  const name = matchAt(NAME, line, 0)?.[0]
  if (name === undefined) return undefined
  let at = name.length + (/^\s*/.exec(line.slice(name.length))?.[0].length ?? 0)
  const labels: (readonly [string, string])[] = []
  if (line[at] === '{') {
    at += 1
    for (let pair = matchAt(LABEL, line, at); pair; pair = matchAt(LABEL, line, at)) {
      labels.push([pair[1] ?? '', unescaped(pair[2] ?? '')])
      at += pair[0].length
    }
    const end = /^\s*\}/.exec(line.slice(at))
    if (!end) return undefined
    at += end[0].length
  } else if (at === name.length) return undefined
  const value = numberOf(matchAt(REST, line, at)?.[1])
  return value === undefined ? undefined : { name, labels, value }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function numberOf(text = ''): number | undefined {
  const infinity = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinity) return infinity[1] === '-' ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  const value = Number(text)
  return text === '' || Number.isNaN(value) ? undefined : value
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (whole, letter: string) =>
    letter === 'n' ? '\n' : letter === '\\' || letter === '"' ? letter : whole,
  )
}
