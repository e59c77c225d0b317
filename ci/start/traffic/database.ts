import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toolPath } from '../../tools/tool.ts'
import { orFault } from '../fault.ts'
import { run } from '../run.ts'

const places = join(import.meta.dirname, 'places.json')

/** Writes the database that places the demo's addresses into `folder`; answers its path. */
export async function writeDemoDatabase(folder: string): Promise<string> {
  const database = join(folder, 'demo.mmdb')
  const mmdb = orFault(() => toolPath('mmdb'))
  await run([mmdb, '-out', database], await readFile(places, 'utf8'))
  return database
}
