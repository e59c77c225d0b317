import { parseArgs } from 'node:util'
import { cacheDir } from '../tools/cache.ts'
import { buildImages } from './build.ts'
import { releaseImages } from './images.ts'
import { stageLayer } from './layers.ts'
import { ownArchitecture } from './parts.ts'

/**
 * `node ci/image/main.ts [--output FOLDER]` builds all images as archives;
 * `node ci/image/main.ts --stage FOLDER` only lays ready what those of a release are made of.
 */
const { values } = parseArgs({ options: { output: { type: 'string' }, stage: { type: 'string' } } })

try {
  if (values.stage !== undefined) await stage(values.stage)
  else await build(values.output ?? cacheDir('images'))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function stage(folder: string): Promise<void> {
  for (const name of new Set(releaseImages.flatMap(({ layers }) => layers))) {
    const { bytes } = await stageLayer(name, ownArchitecture, folder)
    console.log(`${name.padEnd(12)} ${megabytes(bytes)}`)
  }
}

async function build(folder: string): Promise<void> {
  console.log(`Building images into ${folder}`)
  await buildImages(folder, ({ reference, bytes, digest }) => {
    console.log(`${reference.padEnd(40)} ${megabytes(bytes)}  ${digest}`)
  })
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1).padStart(6)} MB`
}
