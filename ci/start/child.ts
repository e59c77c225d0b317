import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartFault } from './fault.ts'

export type Command = {
  /** For people: in messages, and as the name of the log in the run's folder. */
  readonly name: string
  readonly words: readonly [program: string, ...words: string[]]
  /** The run's temporary folder. */
  readonly folder: string
  /** Opens node's message channel to the child. */
  readonly hasChannel?: boolean
}

export type Child = AsyncDisposable & {
  readonly name: string
  readonly process: ChildProcess
  readonly pid: number
  /** Rejects with a StartFault when the child ends before anybody asked it to; else pending. */
  readonly lost: Promise<never>
}

// The agent flushes its sinks for at most 5 s after SIGTERM.
const graceMs = 7_000

/**
 * Starts a child in a process group of its own, so that Ctrl-C in the terminal reaches only us
 * and everything ends in order. If we are killed, the kernel kills the child: BPF links,
 * sockets and network namespaces go with it. Disposing ends its whole group.
 */
export function startChild({ name, words, folder, hasChannel = false }: Command): Child {
  const log = join(folder, `${name}.log`)
  const output = openSync(log, 'a')
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...words], {
    detached: true,
    stdio: ['ignore', output, output, ...(hasChannel ? (['ipc'] as const) : [])],
    // Settings in the caller's environment (CONVIS_ARGS, QUERY, NODE_NAME) are for other runs.
    env: { PATH: process.env['PATH'] },
  })
  closeSync(output)
  let isWanted = true
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(`cannot be started: ${error.message}`))
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended: exit code ${code}. ${lastWords(log)}` : `ended: ${signal}`),
    )
  })
  const lost = (async (): Promise<never> => {
    const how = await ended
    if (!isWanted) return new Promise(() => {})
    throw new StartFault(`${name} ${how}`.trimEnd())
  })()
  // Whoever waits for it hears of it; without a waiter it must not end the process.
  lost.catch(() => {})
  return {
    name,
    process: child,
    pid: child.pid ?? Number.NaN,
    lost,
    [Symbol.asyncDispose]: async () => {
      isWanted = false
      signalGroup(child.pid, 'SIGTERM')
      await Promise.race([ended, sleep(graceMs, undefined, { ref: false })])
      signalGroup(child.pid, 'SIGKILL')
      await ended
    },
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** What a program says last is why it ended; a fault that it did not foresee takes more lines. */
function lastWords(log: string): string {
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  const last = lines.at(-1) ?? ''
  return last.startsWith('Node.js v') ? lines.slice(-8).join(' | ') : last
}
