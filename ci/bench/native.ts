import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { cacheDir } from '../tools/cache.ts'

const sources = join(import.meta.dirname, 'native')
const End = z.object({ opened: z.number(), sent: z.number(), received: z.number() })
const Counts = z.object({ ns: z.number(), client: End, server: End })

/** What the programs at both ends wrote and read themselves, and how long it took. */
export type Counts = z.output<typeof Counts>

/** A part of ci/bench/native: it answers lines until its input ends. */
export type Native = AsyncDisposable & {
  readonly write: (bytes: string | Uint8Array) => void
  readonly readLine: () => Promise<string>
  readonly readBytes: (size: number) => Promise<Buffer>
  readonly traffic: (line: string) => Promise<Counts>
}

/** Descriptors are handed on as 3, 4 … */
export function startNative(
  words: readonly (string | number)[],
  descriptors: readonly number[] = [],
): Native {
  const child = spawn(nativeProgram(), words.map(String), {
    stdio: ['pipe', 'pipe', 'inherit', ...descriptors],
  })
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error('the program has no pipes')
  const chunks = stdout[Symbol.asyncIterator]()
  let unread = Buffer.alloc(0)

  /** Takes what is read from the output, as soon as `sizeIn` finds its size in it. */
  async function take(sizeIn: (bytes: Buffer) => number): Promise<Buffer> {
    const parts = [unread]
    for (let size = sizeIn(unread); ;) {
      if (size > 0 && parts.reduce((sum, part) => sum + part.length, 0) >= size) {
        const whole = Buffer.concat(parts)
        unread = whole.subarray(size)
        return whole.subarray(0, size)
      }
      const chunk = await chunks.next()
      if (chunk.done) throw new Error(`${words.join(' ')} ended early`)
      parts.push(chunk.value)
      if (size <= 0) size = sizeIn(Buffer.concat(parts))
    }
  }
  const readLine = async () => (await take(bytes => bytes.indexOf('\n') + 1)).toString('utf8')
  const write = (bytes: string | Uint8Array) => void stdin.write(bytes)
  return {
    write,
    readLine,
    readBytes: size => take(() => size),
    traffic: async line => {
      write(`${line}\n`)
      return Counts.parse(JSON.parse(await readLine()))
    },
    [Symbol.asyncDispose]: async () => {
      stdin.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** Compiled into the cache once per version of its sources. */
function nativeProgram(): string {
  const files = readdirSync(sources).toSorted()
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(readFileSync(join(sources, file)))
  const program = join(cacheDir('bench', hash.digest('hex').slice(0, 16)), 'native')
  if (existsSync(program)) return program
  mkdirSync(dirname(program), { recursive: true })
  const units = files.filter(file => file.endsWith('.c')).map(file => join(sources, file))
  const unfinished = `${program}.${process.pid}`
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror']
  execFileSync('cc', [...flags, '-o', unfinished, ...units], { stdio: 'inherit' })
  renameSync(unfinished, program)
  return program
}
