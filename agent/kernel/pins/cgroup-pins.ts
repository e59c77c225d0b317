import { closeSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { CgroupHook, Libbpf } from '../system/libbpf.ts'

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
const ANY = /^udp-\d+-(egress|ingress|socket)$/

/**
 * Has what is pinned in a folder run these programs from now on, and pins it in another folder too: each packet
 * meets the program before or the new one, never both or none. What does not come along ends with its pins.
 */
export function takeOverCgroupPins(
  libbpf: Pick<Libbpf, 'pin' | 'openPinned' | 'updateLink'>,
  { from, to, programs }: { from: string; to: string; programs: Readonly<Record<string, number>> },
): void {
  for (const name of readdirSync(from)) {
    const program = programs[`udp_${ANY.exec(name)?.[1]}`]
    const link = program === undefined ? -1 : libbpf.openPinned(join(from, name))
    if (program === undefined || link < 0) continue
    // Refused where the cgroup is gone. Pinned there already by an agent that was killed after it: no harm.
    if (libbpf.updateLink(link, program) >= 0) libbpf.pin(link, join(to, name))
    closeSync(link)
  }
}

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
