import { readFileSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { KernelError } from './error.ts'
import type { Libbpf } from './libbpf.ts'

/** Two inner maps behind a map of maps: the kernel counts into one while the other is read. */
export type SwappedMap = {
  /** Makes the other inner map the live one; gives the descriptor of the one that is at rest now. */
  readonly swap: () => Promise<number>
}

/** Goes on from whichever inner map is live. Throws KernelError. */
export function swappedMap(
  libbpf: Pick<Libbpf, 'lookup' | 'updateAsync'>,
  { outer, inner: [a, b] }: { outer: number; inner: [number, number] },
): SwappedMap {
  const slot = Uint32Array.of(0)
  const liveId = new Uint32Array(1)
  check(libbpf.lookup(outer, slot, new Uint8Array(liveId.buffer)))
  let live = mapId(b) === liveId[0] ? b : a
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

/** Needs no capability, unlike the way from the id to a descriptor. */
function mapId(fd: number): number {
  return Number(/^map_id:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1])
}

function check(result: number): void {
  if (result >= 0) return
  throw new KernelError(`cannot swap the flow maps: ${getSystemErrorName(result)}`, {
    code: 'DRAIN',
    fix: 'Nothing is lost yet: the next drain tries again. If it goes on, restart the agent',
  })
}
