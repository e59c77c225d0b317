import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../tools/cache.ts'
import { prebuilt } from './prebuilt.ts'

const sources = join(import.meta.dirname, '../../bpf')
const script = join(import.meta.dirname, 'build.sh')

/** Path of the kernel object for the sources as they are now, built if the cache lacks it. Throws with the compiler's words. */
export function bpfObject(): string {
  const ready = prebuilt('podatlas.bpf.o')
  if (ready !== undefined) return ready
  const object = join(cacheDir('bpf', hashOfSources()), 'podatlas.bpf.o')
  if (existsSync(object)) return object
  execFileSync(script, [object], { stdio: ['ignore', 'inherit', 'inherit'] })
  return object
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  const files = readdirSync(sources)
    .filter(name => /\.[ch]$/.test(name))
    .toSorted()
  for (const path of [script, ...files.map(name => join(sources, name))]) {
    const text = readFileSync(path)
    hash.update(`${path.slice(path.lastIndexOf('/'))} ${text.length}\n`).update(text)
  }
  return hash.digest('hex').slice(0, 16)
}
