import { globSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { run } from '../../image/run.ts'

const Configuration = z.object({
  architecture: z.string(),
  config: z.object({
    User: z.string().default('root'),
    Entrypoint: z.array(z.string()),
    Labels: z.record(z.string(), z.string()),
  }),
})
const Manifest = z.object({ layers: z.array(z.object({ digest: z.string() })) })

/** An image of a release as skopeo reads it, with its files below `folder/root`. */
export async function unpackImage(archive: string, architecture: string, folder: string) {
  const skopeo = (...args: string[]) => run('skopeo', ['--override-arch', architecture, ...args])
  const config = await skopeo('inspect', '--config', `oci-archive:${archive}`)
  const root = join(folder, 'root')
  mkdirSync(root, { recursive: true })
  await skopeo('copy', `oci-archive:${archive}`, `dir:${folder}/copy`)
  const manifest = readFileSync(join(folder, 'copy/manifest.json'), 'utf8')
  for (const { digest } of Manifest.parse(JSON.parse(manifest)).layers) {
    const layer = join(folder, 'copy', digest.replace('sha256:', ''))
    await run('tar', ['-xpf', layer, '--numeric-owner', '-C', root])
  }
  const files = globSync('**/*', { cwd: root, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
  return {
    ...Configuration.parse(JSON.parse(config)),
    root,
    /** Of all files, from the root of the image. */
    paths: files.map(file => relative(root, file)).toSorted(),
    programs: files
      .filter(file => statSync(file).mode & 0o111 && !/\.so(\.\d+)*$/.test(file))
      .map(file => relative(root, file))
      .toSorted(),
    binaries: files.filter(
      file => readFileSync(file).subarray(0, 4).toString('latin1') === '\x7fELF',
    ),
    bytesBesideDatabases: files
      .filter(file => !file.endsWith('.mmdb'))
      .reduce((sum, file) => sum + statSync(file).size, 0),
  }
}
