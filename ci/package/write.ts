import { copyFileSync, mkdtempDisposableSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commit } from '../image/commit.ts'
import { version } from '../image/version.ts'
import { packageChart } from './chart.ts'
import { sha256Of, writeJson, writeSums } from './checksums.ts'
import { packageImages } from './images.ts'
import { provenance } from './provenance.ts'

const manifest = join(import.meta.dirname, '../../deploy/base/podatlas.yaml')

/**
 * Writes a release into an empty folder: images, chart, manifest, bills of materials, provenance and
 * checksums. The same commit gives the same bytes. `say` is called with a line for each.
 */
export async function writePackage(folder: string, say: (line: string) => void): Promise<void> {
  using work = mkdtempDisposableSync(join(tmpdir(), 'podatlas-package-'))
  const { revision, time } = commit()
  say(`podatlas ${version} of commit ${revision}`)
  const images = await packageImages(folder, work.path, time, say)
  await packageChart(folder, work.path)
  copyFileSync(manifest, join(folder, 'podatlas.yaml'))

  const subjects = [
    ...readdirSync(folder)
      .toSorted()
      .map(name => ({ name, digest: { sha256: sha256Of(join(folder, name)) } })),
    ...images.map(({ reference, digest }) => ({
      name: reference,
      digest: { sha256: digest.replace('sha256:', '') },
    })),
  ]
  const components = images.flatMap(image => image.components)
  writeJson(
    join(folder, `podatlas-${version}.intoto.json`),
    provenance(subjects, revision, components),
  )
  for (const line of writeSums(folder)) say(line)
}
