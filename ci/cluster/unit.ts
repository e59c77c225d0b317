import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { removeCgroup, unifiedHierarchy, unitName } from './cgroups.ts'

const talk = join(import.meta.dirname, 'example/talk.ts')

/** A talking process of the node itself, in a cgroup of its own, until disposed. */
export async function startUnit(args: readonly string[]) {
  const cgroup = join(unifiedHierarchy(), unitName)
  if (!existsSync(cgroup)) mkdirSync(cgroup)
  const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
  const child = spawn('sh', ['-c', enter, cgroup, process.execPath, talk, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  return {
    /** Waits for a line with this text. */
    saying: async (text: string): Promise<void> => {
      for await (const line of createInterface(child.stdout)) if (line.includes(text)) return
      throw new Error(`${unitName} ended without a line with ${text}`)
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await ended
      await removeCgroup(cgroup)
    },
  }
}
