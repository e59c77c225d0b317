import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { toolPath } from '../tools/tool.ts'

const chart = join(import.meta.dirname, '../../chart')

/** chart/README.md: its template with a table of all values, which helm-docs makes of the comments in values.yaml. */
export async function chartReadme(): Promise<{ path: string; content: string }[]> {
  const args = ['--dry-run', '--sort-values-order=file', `--chart-search-root=${chart}`]
  const { stdout, stderr } = await promisify(execFile)(toolPath('helm-docs'), args)
  // It leaves out what it cannot read, and ends with 0.
  if (stdout === '') throw new Error(`helm-docs wrote nothing: ${stderr}`)
  return [{ path: 'chart/README.md', content: stdout }]
}
