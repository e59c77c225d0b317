import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'

/** A line of the stdout sink in its JSON form. */
export type Line = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value?: number
}

export type AgentProcess = AsyncDisposable & {
  readonly pid: number
  /** What it printed so far. */
  readonly lines: readonly Line[]
  /** Until the newest value of the series with these labels is this one; fails after 20 s. */
  readonly waitFor: (
    name: string,
    labels: Line['labels'],
    value: number | 'more than 0',
  ) => Promise<void>
  /** Sends the signal and waits for the end. */
  readonly end: (signal: NodeJS.Signals) => Promise<{ code: number | null; stderr: string }>
}

/** A wrapper that hides cgroup v2 and has a hierarchy of version 1, which most machines have no more. */
export const CGROUP_V1_ONLY = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'umount --lazy --all --types cgroup2 && mount -t cgroup -o none,name=podatlas-test none /mnt && exec "$0" "$@"',
]

const MAIN = join(import.meta.dirname, '../main.ts')

/** Runs the agent up to its end: how it starts badly. `wrapper` is a command that starts it. */
export async function runAgent(args: readonly string[], wrapper: readonly string[] = []) {
  const [command = '', ...words] = [...wrapper, process.execPath, MAIN, ...args]
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], env: {} })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { code, stdout, stderr }
}

/** Starts the agent; its stdout sink must write JSON. `wrapper` is a command that becomes it. */
export function startAgent(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  wrapper: readonly string[] = [],
): AgentProcess {
  const [command = '', ...words] = [...wrapper, process.execPath, MAIN, ...args]
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const exited = once(child, 'exit')
  const stderr = text(child.stderr)
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', line => {
    // SIGKILL may come in the middle of the last one.
    if (line.endsWith('}')) lines.push(JSON.parse(line))
  })

  async function end(signal: NodeJS.Signals) {
    if (child.exitCode === null) child.kill(signal)
    await exited
    return { code: child.exitCode, stderr: await stderr }
  }
  return {
    pid: child.pid ?? 0,
    lines,
    waitFor: (name, labels, expected) =>
      vi.waitFor(
        () => {
          const newest = lines.findLast(
            line =>
              line.name === name &&
              Object.entries(labels).every(([label, value]) => line.labels[label] === value),
          )
          const value = newest?.value ?? 0
          if (expected === 'more than 0' ? value > 0 : newest?.value === expected) return
          throw new Error(`${name} ${JSON.stringify(labels)} is ${newest?.value}, not ${expected}`)
        },
        { timeout: 20_000, interval: 50 },
      ),
    end,
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL')
    },
  }
}

/** A moment at which the agent has written what it read, and reads nothing. */
export async function betweenTicks({ lines }: AgentProcess): Promise<void> {
  const before = lines.length
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(before), 10_000)
  for (let seen = 0; seen !== lines.length; await sleep(150)) seen = lines.length
}
