import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { level } from '../image/files.ts'
import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'

const chart = join(import.meta.dirname, '../../chart')

/** Packages the chart into `folder`. */
export async function packageChart(folder: string, work: string): Promise<void> {
  // Helm writes down when each file was changed, which is when it was checked out.
  const copy = join(work, 'podatlas')
  cpSync(chart, copy, { recursive: true })
  level(copy)
  await run(toolPath('helm'), ['package', copy, '--destination', folder])
}
