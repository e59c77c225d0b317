import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { toolPath } from '../tools/tool.ts'

export type ThanosProcess = AsyncDisposable & { readonly pid: number }

/** Starts a component of Thanos and waits until it is ready; disposing kills it. Throws what it said if it ends before. */
export async function startThanos(words: readonly string[], url: string): Promise<ThanosProcess> {
  const child = spawn(toolPath('thanos'), [...words, '--log.level=error'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = text(child.stderr)
  const exited = once(child, 'exit')
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`thanos ${words[0]}: ${await said}`)
    await sleep(50)
  }
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok
  } catch {
    return false
  }
}
