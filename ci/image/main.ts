import { parseArgs } from 'node:util'
import { cacheDir } from '../tools/cache.ts'
import { buildImages } from './build.ts'

/** `node ci/image/main.ts [--output FOLDER]`: builds all images as archives. */
const { values } = parseArgs({ options: { output: { type: 'string' } } })
const folder = values.output ?? cacheDir('images')

console.log(`Building images into ${folder}`)
try {
  await buildImages(folder, ({ reference, bytes, digest }) => {
    console.log(`${reference.padEnd(40)} ${(bytes / 1e6).toFixed(1).padStart(6)} MB  ${digest}`)
  })
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
