import { getSystemErrorName } from 'node:util'
import { KernelError } from '../system/error.ts'
import { factsOf } from '../system/fdinfo.ts'
import type { Libbpf } from '../system/libbpf.ts'

/** Two inner maps behind a map of maps: the kernel counts into one while the other is read. */
export type SwappedMap = {
  /** Makes the other inner map the live one; gives the index of the one that is at rest now. */
  readonly swap: () => Promise<0 | 1>
}

/** Descriptors. */
export type MapOfMaps = { readonly outer: number; readonly inner: readonly [number, number] }

/** The outer map has one. */
export const SLOT = Uint32Array.of(0)

/** Which of the inner maps the kernel counts into. Throws KernelError. */
export function liveIndex(libbpf: Pick<Libbpf, 'lookup'>, { outer, inner }: MapOfMaps): 0 | 1 {
  const liveId = new Uint32Array(1)
  check(libbpf.lookup(outer, SLOT, liveId))
  return liveId[0] === factsOf(inner[1])('map_id') ? 1 : 0
}

/** Goes on with the inner map that is live. Throws KernelError. */
export function swappedMap(
  libbpf: Pick<Libbpf, 'lookup' | 'updateAsync'>,
  { outer, inner }: MapOfMaps,
): SwappedMap {
  let live = liveIndex(libbpf, { outer, inner })
  return {
    swap: async () => {
      const resting = live
      const next = live === 0 ? 1 : 0
      // The call ends after every program that had found the old map: some ms, hence on a thread.
      check(await libbpf.updateAsync(outer, SLOT, Uint32Array.of(inner[next])))
      live = next
      return resting
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
