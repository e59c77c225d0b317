import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { cacheDir } from '../../tools/cache.ts'

export type LookupWay = 'libmaxminddb' | 'maxmind' | 'index' | 'index-text'

/** A process that looks the same addresses up again and again by one way. */
export type LookupProcess = AsyncDisposable & {
  /** Looks all up once, and answers the nanoseconds of one lookup. */
  readonly time: () => Promise<number>
  /** Writes the answers to a file, two numbers of 32 bits for each address. */
  readonly writeAnswers: (path: string) => Promise<void>
  /** What the index holds, and how long it took to make. */
  readonly memory: () => Promise<{ readonly bytes: number; readonly buildMs: number }>
}

export function startLookups(way: LookupWay, words: readonly string[]): LookupProcess {
  const program = join(import.meta.dirname, 'geoip-program.ts')
  const [command, before] =
    way === 'libmaxminddb' ? [reader(), []] : [process.execPath, [program, way]]
  const child = spawn(command, [...before, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`)
    const answer = await lines.next()
    if (answer.done) throw new Error(`${way} ended early`)
    return answer.value
  }
  return {
    time: async () => Number((await ask('time')).split(' ')[0]),
    writeAnswers: async path => void (await ask(path)),
    memory: async () => {
      const [bytes = 0, buildMs = 0] = (await ask('memory')).split(' ').map(Number)
      return { bytes, buildMs }
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** Compiled into the cache once per version of its source. */
function reader(): string {
  const source = join(import.meta.dirname, 'geoip-c/reader.c')
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const program = join(cacheDir('bench-geoip', hash), 'reader')
  if (existsSync(program)) return program
  mkdirSync(dirname(program), { recursive: true })
  const unfinished = `${program}.${process.pid}`
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror']
  execFileSync('cc', [...flags, '-o', unfinished, source, '-lmaxminddb', '-lm'], {
    stdio: 'inherit',
  })
  renameSync(unfinished, program)
  return program
}
