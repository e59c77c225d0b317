import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const prefix = 'podatlas-start'

/**
 * Name for what this run makes outside itself. It holds the process id with its start time, so
 * that a later run can tell what nobody owns any more, and the process namespace, so that a run
 * in another container that shares a folder with us does not look dead.
 */
export function runName(): string {
  return `${prefix}-${pidNamespace()}-${process.pid}-${startTicks(process.pid)}`
}

/** Removes folders and cgroups of runs that were killed so hard that they could not do it. */
export async function removeLeftovers(temporaryRoot: string, cgroupRoot: string): Promise<void> {
  for (const name of await abandonedIn(temporaryRoot))
    await rm(join(temporaryRoot, name), { recursive: true, force: true })
  for (const name of await abandonedIn(cgroupRoot)) await removeCgroup(join(cgroupRoot, name))
}

/**
 * Removes a cgroup and those below it, once the kernel lets it: a process that was just reaped
 * can keep its cgroup busy for some milliseconds. Throws EBUSY if one still lives there.
 */
export async function removeCgroup(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true })
  for (const entry of entries)
    if (entry.isDirectory()) await removeCgroup(join(directory, entry.name))
  for (let attempt = 1; ; attempt++) {
    try {
      return await rmdir(directory)
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && error.code === 'EBUSY'
      if (!isBusy || attempt === 20) throw error
      await sleep(50)
    }
  }
}

async function abandonedIn(directory: string): Promise<string[]> {
  const names = await readdir(directory)
  return names.filter(isAbandoned)
}

function isAbandoned(name: string): boolean {
  const pattern = new RegExp(`^${prefix}-(\\d+)-(\\d+)-(\\d+)$`)
  const [, namespace, pid, ticks] = pattern.exec(name) ?? []
  return namespace === pidNamespace() && startTicks(Number(pid)) !== ticks
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '')
}

/** When the process was started, in clock ticks since boot; undefined if there is none. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name comes second and may hold spaces and brackets; the start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
