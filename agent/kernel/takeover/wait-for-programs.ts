import { getSystemErrorName } from 'node:util'
import { KernelError } from '../system/error.ts'
import { FLOW_TABLES } from '../object/inventory.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import { liveIndex, SLOT } from '../tables/swapped-map.ts'

/**
 * Returns when every run of a program has ended that had begun before, of whatever set: the kernel waits for
 * them when an entry of a map of maps changes, also if the new one is the old one. Throws KernelError.
 */
export function waitForPrograms(maps: Readonly<Record<string, number>>): void {
  const libbpf = loadLibbpf()
  const [a, b] = FLOW_TABLES
  const outer = maps['flows'] ?? -1
  const inner = [maps[a] ?? -1, maps[b] ?? -1] as const
  const live = inner[liveIndex(libbpf, { outer, inner })]
  const result = libbpf.update(outer, SLOT, Uint32Array.of(live))
  if (result >= 0) return
  throw new KernelError(`cannot wait for running programs: ${getSystemErrorName(result)}`, {
    code: 'PINS',
    fix: 'Nothing is lost yet: start the agent again',
  })
}
