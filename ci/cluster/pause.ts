import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folders } from './running.ts'

/** While `work` runs, the kubelet does nothing: what is deleted goes on, what is created does not begin. */
export async function whileKubeletIsPaused(work: () => Promise<void>): Promise<void> {
  const pid = Number(readFileSync(join(folders.logs, 'kubelet.pid'), 'utf8'))
  process.kill(pid, 'SIGSTOP')
  try {
    await work()
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}
