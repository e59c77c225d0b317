import { getSystemErrorName } from 'node:util'
import { KernelError } from './error.ts'
import type { Libbpf } from './libbpf.ts'

/** Two inner maps behind a map of maps: the kernel counts into one while the other is read. */
export type SwappedMap = {
  /** Makes the other inner map the live one; gives the descriptor of the one that is at rest now. */
  readonly swap: () => Promise<number>
}

/** Makes the first inner map the live one. Throws KernelError. */
export function swappedMap(
  libbpf: Pick<Libbpf, 'update' | 'updateAsync'>,
  { outer, inner: [a, b] }: { outer: number; inner: [number, number] },
): SwappedMap {
  const slot = Uint32Array.of(0)
  let live = a
  check(libbpf.update(outer, slot, Uint32Array.of(live)))
  return {
    swap: async () => {
      const [old, next] = live === a ? [a, b] : [b, a]
      // The call ends after every program that had found the old map: some ms, hence on a thread.
      check(await libbpf.updateAsync(outer, slot, Uint32Array.of(next)))
      live = next
      return old
    },
  }
}

function check(result: number): void {
  if (result >= 0) return
  throw new KernelError(`cannot swap the flow maps: ${getSystemErrorName(result)}`, {
    code: 'DRAIN',
    fix: 'Nothing is lost yet: the next drain tries again. If it goes on, restart the agent',
  })
}
