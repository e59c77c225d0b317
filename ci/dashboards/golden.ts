import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RecordedSeries } from './fill.ts'

const root = join(import.meta.dirname, '../..')
const TICK_S = 10
const TICKS = 60

/**
 * What a golden file holds, as if it came again each 10 s: counters grow by what they hold, or by 1, so that whatever
 * can happen does; everything else stays. Time
 * stamps are left out, and so are the zeros with which series are born. `more` are labels that a scrape would add.
 */
export function golden(
  path: string,
  more: Readonly<Record<string, string>> = {},
): RecordedSeries[] {
  const lines = readFileSync(join(root, path), 'utf8').split('\n')
  const series = new Map<string, RecordedSeries>()
  for (const line of lines) {
    const [, name = '', labels = '', value = ''] = /^([\w:]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? []
    // NaN ends a series.
    if (name === '' || Number.isNaN(Number(value))) continue
    const isCounter = /_(total|count|sum|bucket)$|^bytes_[rt]x$/.test(name)
    const samples = ticks().map(
      (atS, tick) => [atS, isCounter ? (Number(value) || 1) * tick : Number(value)] as const,
    )
    const all = { __name__: name, ...more, ...labelsOf(labels) }
    series.set(JSON.stringify(all), { labels: all, samples })
  }
  return [...series.values()]
}

function ticks(): number[] {
  return Array.from({ length: TICKS + 1 }, (_, tick) => (tick - TICKS) * TICK_S)
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)]
  return Object.fromEntries(pairs.map(([, name, value]) => [name, String(JSON.parse(value ?? ''))]))
}
