import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the sources of the page stand; the bundle of the image never builds it. */
const folder = import.meta.dirname

/** The files of the page by name, made in memory. */
export async function bundlePage(): Promise<ReadonlyMap<string, Uint8Array>> {
  return (await makePage()).files
}

async function makePage() {
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    absWorkingDir: join(folder, '../../..'),
    metafile: true,
    entryPoints: { page: join(folder, 'main.ts'), style: join(folder, 'page.css') },
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    outdir: folder,
    logLevel: 'silent',
  })
  const built = (ending: string) =>
    outputFiles.find(({ path }) => path.endsWith(ending))?.contents ?? new Uint8Array()
  const files = new Map([
    ['index.html', await readFile(join(folder, 'index.html'))],
    ['favicon.svg', await readFile(join(folder, 'favicon.svg'))],
    ['page.js', built('page.js')],
    ['page.css', built('style.css')],
  ])
  return { files, sources: Object.keys(metafile.inputs) }
}

/** Writes the files of the page for the image. Gives the sources of them, from the root of the repository. */
export async function buildPage(outDir: string): Promise<string[]> {
  await mkdir(outDir, { recursive: true })
  const { files, sources } = await makePage()
  for (const [name, content] of files) await writeFile(join(outDir, name), content)
  return sources
}
