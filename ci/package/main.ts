import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writePackage } from './write.ts'

/** `node ci/package/main.ts [--output FOLDER]`: writes all that a release consists of. */
const { values } = parseArgs({ options: { output: { type: 'string' } } })
const folder = resolve(values.output ?? join(import.meta.dirname, '../../dist'))

try {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await writePackage(folder, console.log)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
