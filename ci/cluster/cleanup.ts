import { existsSync, readFileSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const hierarchies = '/sys/fs/cgroup'

/** Errors: no root, or a Kubernetes runs here already, whose pods this one would take for its own. */
export function refuseUnfitMachine(): void {
  if (process.getuid?.() !== 0) throw new Error('A cluster of namespaces needs root. Use sudo')
  const busy = podCgroups().find(hasProcesses)
  if (!busy) return
  throw new Error(`${busy} has processes: this machine runs a Kubernetes already. Use another one`)
}

/** Removes what outlives the namespaces of a run: the cgroups of its pods, and its folder. */
export async function cleanUp(root: string): Promise<void> {
  for (const cgroup of podCgroups()) await removeCgroup(cgroup)
  rmSync(root, { recursive: true, force: true })
}

/** The kubelet's cgroup in each hierarchy: one with cgroups v2, else one for each v1 controller. */
function podCgroups(): string[] {
  const roots = [hierarchies, ...subfolders(hierarchies)]
  return roots.map(root => join(root, 'kubepods')).filter(path => existsSync(path))
}

function hasProcesses(cgroup: string): boolean {
  if (readFileSync(join(cgroup, 'cgroup.procs'), 'utf8') !== '') return true
  return subfolders(cgroup).some(hasProcesses)
}

async function removeCgroup(cgroup: string): Promise<void> {
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
