import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument, stringify } from 'yaml'
import { level } from '../image/files.ts'
import { run } from '../image/run.ts'
import { version } from '../image/version.ts'
import { toolPath } from '../tools/tool.ts'
import { changesOf } from './changes.ts'

const root = join(import.meta.dirname, '../..')

/** Packages the chart into `folder`, with the changes of its version for those who list charts. */
export async function packageChart(folder: string, work: string): Promise<void> {
  const copy = join(work, 'podatlas')
  cpSync(join(root, 'chart'), copy, { recursive: true })
  announceChanges(join(copy, 'Chart.yaml'))
  // Helm writes down when each file was changed, which is when it was checked out.
  level(copy)
  await run(toolPath('helm'), ['package', copy, '--destination', folder])
}

function announceChanges(file: string): void {
  const changes = changesOf(version, readFileSync(join(root, 'docs/CHANGELOG.md'), 'utf8'))
  const chart = parseDocument(readFileSync(file, 'utf8'))
  const announce = (key: string, text: string) =>
    chart.setIn(['annotations', `artifacthub.io/${key}`], text)
  announce('changes', stringify(changes, { lineWidth: 0 }))
  const isSecurity = changes.some(({ kind }) => kind === 'security')
  announce('containsSecurityUpdates', String(isSecurity))
  writeFileSync(file, chart.toString({ lineWidth: 0 }))
}
