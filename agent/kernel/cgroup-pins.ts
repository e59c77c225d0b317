import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { CgroupHook, Libbpf } from './libbpf.ts'

/** Links of cgroups, kept in a folder of a bpffs beyond the process. */
export type CgroupPins = {
  /** Cgroups with links there; some may be gone, because a pin does not keep its cgroup. */
  readonly cgroupIds: () => number[]
  /** Gives the pinned link's descriptor, or the negative errno. */
  readonly open: (cgroupId: number, hook: CgroupHook) => number
  readonly pin: (fd: number, cgroupId: number, hook: CgroupHook) => number
  /** Ends what is pinned for a cgroup, except what tells of sockets. */
  readonly remove: (cgroupId: number) => void
}

const NAME = /^udp-(\d+)-(?:egress|ingress)$/

/** Without a folder nothing is pinned. */
export function cgroupPins(libbpf: Pick<Libbpf, 'pin' | 'openPinned'>, folder: string): CgroupPins {
  if (folder === '') {
    return { cgroupIds: () => [], open: () => -1, pin: () => 0, remove: () => undefined }
  }
  const path = (cgroupId: number, hook: CgroupHook) => join(folder, `udp-${cgroupId}-${hook}`)
  return {
    cgroupIds: () => {
      const ids = readdirSync(folder).map(name => NAME.exec(name)?.[1])
      return [...new Set(ids.filter(id => id !== undefined))].map(Number)
    },
    open: (cgroupId, hook) => libbpf.openPinned(path(cgroupId, hook)),
    pin: (fd, cgroupId, hook) => libbpf.pin(fd, path(cgroupId, hook)),
    remove: cgroupId => {
      for (const hook of ['egress', 'ingress'] as const) removeIfThere(path(cgroupId, hook))
    },
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was never pinned, or is gone with its agent.
  }
}
