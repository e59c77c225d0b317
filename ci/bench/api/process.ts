import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'

/** A process of its own whose cost is measured. */
export type MeasuredProcess = AsyncDisposable & {
  /** User and system time so far. */
  readonly cpuSeconds: () => number
  readonly memoryMb: () => MemoryMb
  /** From now on, `peak` is about what comes. */
  readonly forgetPeak: () => void
  /** What it wrote to stderr, its last lines. */
  readonly complaints: () => string
  readonly output: NodeJS.ReadableStream
}

/** In units of 10⁶ bytes. `peak` is the largest `resident` of its life. */
export type MemoryMb = {
  readonly resident: number
  readonly anonymous: number
  readonly peak: number
}

const TICKS_PER_SECOND = 100
const COMPLAINTS = 2_000

/** Node on the words that follow it; ends with SIGTERM when it is disposed. */
export function startMeasured(words: readonly string[]): MeasuredProcess {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-COMPLAINTS)
  })
  const read = (file: string) => readFileSync(`/proc/${child.pid}/${file}`, 'utf8')
  return {
    output: child.stdout,
    complaints: () => complaints,
    cpuSeconds: () => {
      // proc_pid_stat(5): the name may hold spaces, and the numbers start after it.
      const fields = read('stat').split(') ')[1]?.split(' ') ?? []
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
    },
    memoryMb: () => {
      // VmRSS is counted per CPU, and may be off by a megabyte.
      const facts = read('smaps_rollup') + read('status')
      const megabytes = (field: string) =>
        (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(facts)?.[1]) * 1_024) / 1e6
      return {
        resident: megabytes('Rss'),
        anonymous: megabytes('Anonymous'),
        peak: megabytes('VmHWM'),
      }
    },
    // proc_pid_clear_refs(5)
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, '5'),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
