import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { chartReadme } from './chart-readme.ts'
import { countries } from './countries.ts'
import { dashboardFiles } from './dashboards.ts'
import { manifest } from './manifest.ts'
import { values } from './values.ts'
import { wire } from './wire.ts'

const root = join(import.meta.dirname, '../..')
const isCheck = process.argv.includes('--check')

const sources = [wire(), values(), chartReadme(), countries(), dashboardFiles(), manifest()]
const files = (await Promise.all(sources)).flat()
const outdated = []
for (const file of files) if ((await present(file.path)) !== file.content) outdated.push(file)

if (isCheck && outdated.length > 0) {
  for (const { path } of outdated) console.error(`${path} is not what its source generates`)
  console.error('Run: npm run gen, read the difference, and commit it')
  process.exitCode = 1
}
if (!isCheck)
  for (const { path, content } of outdated) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
    console.log(`wrote ${path}`)
  }

async function present(path: string): Promise<string | undefined> {
  return readFile(join(root, path), 'utf8').catch(() => undefined)
}
