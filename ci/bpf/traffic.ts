import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir } from '../tools/cache.ts'
import { prebuilt } from './prebuilt.ts'

const sources = join(import.meta.dirname, '../../bpf/test')

/**
 * Path of the program of bpf/test: static, so that it runs on any kernel of its architecture.
 * Built if the cache lacks it. Throws with the compiler's words.
 */
export function trafficProgram(compiler = 'cc'): string {
  const ready = prebuilt('traffic')
  if (ready !== undefined) return ready
  const files = readdirSync(sources).toSorted()
  const hash = createHash('sha256').update(compiler)
  for (const file of files) hash.update(readFileSync(join(sources, file)))
  const program = join(cacheDir('traffic', hash.digest('hex').slice(0, 16)), 'traffic')
  if (existsSync(program)) return program
  mkdirSync(dirname(program), { recursive: true })
  const units = files.filter(file => file.endsWith('.c')).map(file => join(sources, file))
  const unfinished = `${program}.${process.pid}`
  const flags = ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread']
  execFileSync(compiler, [...flags, '-o', unfinished, ...units], { stdio: 'inherit' })
  renameSync(unfinished, program)
  return program
}
