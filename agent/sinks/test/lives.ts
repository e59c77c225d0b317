import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Life, Said } from './doomed-sink.ts'

const PROGRAM = join(import.meta.dirname, './doomed-sink.ts')

export type LiveSink = {
  /** Sends SIGKILL, and waits for the end. */
  readonly kill: () => Promise<void>
  /** Until it ends by itself. */
  readonly ended: Promise<unknown>
}

/** Starts a sink in a process of its own. */
export function startLife(life: Life, hear: (said: Said) => void): LiveSink {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(life)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // All that it said is heard by then.
  const ended = once(child, 'close')
  createInterface({ input: child.stdout }).on('line', line => hear(JSON.parse(line)))
  return {
    ended,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
