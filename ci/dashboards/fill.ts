import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { toolPath } from '../tools/tool.ts'

/** A series of what was recorded; times are seconds before a moment that is chosen later, so 0 or less. */
export type RecordedSeries = {
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly (readonly [atS: number, value: number])[]
}

/** Writes blocks of a Prometheus into `data`, by promtool; `momentS` is seconds since the epoch. */
export async function fill(
  folder: string,
  recorded: readonly RecordedSeries[],
  momentS: number,
): Promise<void> {
  const file = join(folder, 'recorded.om')
  await writeFile(file, `${openMetrics(recorded, momentS)}# EOF\n`)
  const words = ['tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'data')]
  await promisify(execFile)(toolPath('prometheus', 'promtool'), words)
}

/** Without types: these would add suffixes to names. A metric's lines must follow each other. */
function openMetrics(recorded: readonly RecordedSeries[], momentS: number): string {
  const byName = recorded.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  return byName
    .flatMap(series => {
      const { __name__: name = '', ...labels } = series.labels
      const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      return series.samples.map(
        ([atS, value]) => `${name}{${pairs.join(',')}} ${value} ${momentS + atS}\n`,
      )
    })
    .join('')
}

function nameOf({ labels }: RecordedSeries): string {
  return labels['__name__'] ?? ''
}
