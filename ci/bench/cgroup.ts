import { mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A cgroup of the benchmark's own: what is counted in it is nobody else's. */
export type Cgroup = AsyncDisposable & {
  readonly path: string
  /** Where the hierarchy is mounted. */
  readonly mount: string
  readonly id: number
}

let made = 0

export function makeCgroup(): Cgroup {
  const mount = cgroup2Mount()
  const path = join(mount, `podatlas-bench-${process.pid}-${++made}`)
  mkdirSync(path)
  return {
    path,
    mount,
    id: statSync(path).ino,
    [Symbol.asyncDispose]: () => remove(path),
  }
}

/** Also where cgroup v1 is mounted beside it. */
function cgroup2Mount(): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const mount = mounts.find(line => line.includes(' - cgroup2 '))
  if (!mount) throw new Error('no cgroup2 is mounted')
  return mount.split(' ')[4] ?? ''
}

/** A process that has just ended may still stand in it. */
async function remove(path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return rmdirSync(path)
    } catch (error) {
      if (tries === 50) throw error
      await sleep(20)
    }
  }
}
