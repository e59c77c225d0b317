import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasProcesses, podCgroups, removeCgroup, unifiedHierarchy, unitName } from './cgroups.ts'

/** Errors: no root, or a Kubernetes runs here already, whose pods this one would take for its own. */
export function refuseUnfitMachine(): void {
  if (process.getuid?.() !== 0) throw new Error('A cluster of namespaces needs root. Use sudo')
  const busy = podCgroups().find(hasProcesses)
  if (!busy) return
  throw new Error(`${busy} has processes: this machine runs a Kubernetes already. Use another one`)
}

/** Removes what outlives the namespaces of a run: the cgroups it made, and its folder. */
export async function cleanUp(root: string): Promise<void> {
  for (const cgroup of podCgroups()) await removeCgroup(cgroup)
  await removeCgroup(join(unifiedHierarchy(), unitName))
  rmSync(root, { recursive: true, force: true })
}
