import { existsSync, readFileSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const hierarchies = '/sys/fs/cgroup'

/** The cgroup of the process that unit.ts starts, named as systemd would name that of a service. */
export const unitName = 'podatlas-test.service'

/** Where cgroups v2 are mounted: beside version 1 or instead of it. */
export function unifiedHierarchy(): string {
  const beside = join(hierarchies, 'unified')
  return existsSync(beside) ? beside : hierarchies
}

/** The kubelet's cgroup in each hierarchy: one with cgroups v2, else one for each v1 controller. */
export function podCgroups(): string[] {
  const roots = [hierarchies, ...subfolders(hierarchies)]
  return roots.map(root => join(root, 'kubepods')).filter(path => existsSync(path))
}

export function hasProcesses(cgroup: string): boolean {
  if (readFileSync(join(cgroup, 'cgroup.procs'), 'utf8') !== '') return true
  return subfolders(cgroup).some(hasProcesses)
}

/** Removes a cgroup and those in it, if it is there. Errors: one still has processes after 5 s. */
export async function removeCgroup(cgroup: string): Promise<void> {
  if (!existsSync(cgroup)) return
  for (const inner of subfolders(cgroup)) await removeCgroup(inner)
  for (let attempt = 1; ; attempt++) {
    try {
      return rmdirSync(cgroup)
    } catch (error) {
      // The kernel still lets go of the processes that ended a moment ago.
      if (attempt === 50) throw error
      await sleep(100)
    }
  }
}

function subfolders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(entry => join(folder, entry.name))
}
