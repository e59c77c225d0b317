import { mkdirSync, mkdtempDisposableSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageChart } from '../chart.ts'

/** The chart as it is in a release, as a file that goes with the block that asked for it. */
export async function packagedChart() {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-package-'))
  const [work, release] = [join(folder.path, 'work'), join(folder.path, 'release')]
  for (const path of [work, release]) mkdirSync(path)
  await packageChart(release, work)
  const [name = ''] = readdirSync(release)
  return { file: join(release, name), [Symbol.dispose]: () => folder.remove() }
}
