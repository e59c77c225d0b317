import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Run = AsyncDisposable & {
  /** Of npm; it leads a process group, as under a terminal. */
  readonly pid: number
  /** What it has written so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<{ code: number | null; signal: string | null }>
  /** Resolves once stderr holds `text`; rejects when the run ends before. */
  readonly said: (text: string) => Promise<void>
  /** Names in the folder for temporary files, which nobody else uses. */
  readonly temporaryFiles: () => Promise<string[]>
}

/**
 * Types `npm start -- <options>` at the root of the repository. Temporary files go to a folder of
 * its own, unless another is given. Disposing kills what still runs.
 */
export async function npmStart(options: readonly string[], temporary?: string): Promise<Run> {
  const own = await mkdtemp(join(tmpdir(), 'npm-start-test-'))
  const child = spawn('npm', ['start', '--', ...options], {
    cwd: join(import.meta.dirname, '../../..'),
    env: { ...process.env, TMPDIR: temporary ?? own },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text))
  const ended = new Promise<{ code: number | null; signal: string | null }>(resolve =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  const pid = child.pid ?? Number.NaN
  return {
    pid,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    ended,
    said: async text => {
      const heard = new Promise<void>(resolve =>
        child.stderr.on('data', () => texts.stderr.includes(text) && resolve()),
      )
      const early = ended.then(() => Promise.reject(new Error(`it ended first: ${texts.stderr}`)))
      if (!texts.stderr.includes(text)) await Promise.race([heard, early])
    },
    temporaryFiles: async () => {
      const names = await readdir(temporary ?? own)
      // npm keeps its own compiled code there, whatever it runs.
      return names.filter(name => name !== 'node-compile-cache')
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL')
      await ended
      await rm(own, { recursive: true, force: true })
    },
  }
}
