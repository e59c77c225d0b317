import { readdirSync, readFileSync, statSync } from 'node:fs'
import { parseCgroupPath, type CgroupOwner } from './cgroup-path.ts'

export type CgroupTree = {
  /** Reads births and the hierarchy again. Costs one `stat` per cgroup and one listing per cgroup with children. */
  readonly scan: (nowMs: number) => void
  /** The owner by cgroup id; a removed cgroup is remembered for a while after it was last asked for. */
  readonly ownerOf: (cgroupId: number, nowMs: number) => CgroupOwner | undefined
  /** Path below the mount, as of the last scan; its folder may be gone. */
  readonly pathOf: (cgroupId: number) => string | undefined
}

/** A cgroup that the kernel has told of when it was made. */
export type Birth = { readonly cgroupId: number; readonly path: string }

export type CgroupTreeParts = {
  /** Mount point of a cgroup v2 hierarchy, as found by `findCgroupMount`. */
  readonly mount: string
  /** The hierarchy was found empty beside version 1: while it is, the root's sockets are anybody's. */
  readonly isEmptyBesideV1?: boolean
  /** Gives the births since its last call: a cgroup that lives between two scans has its name from there. */
  readonly takeBirths?: () => readonly Birth[]
  readonly graceMs?: number
  /** How many removed cgroups are remembered at most; the one removed first is forgotten first. */
  readonly maxRemoved?: number
}

/** The owner of a socket whose cgroup is of version 1. */
export const UNSEEN: CgroupOwner = { kind: 'unseen' }

type Known = { readonly path: string; readonly owner: CgroupOwner; neededMs: number }

/** A folder with no folder in it: the kernel keeps the link count of cgroup folders at 2 + children. */
const LINKS_OF_A_LEAF = 2

export function openCgroupTree(parts: CgroupTreeParts): CgroupTree {
  const { mount, isEmptyBesideV1 = false, takeBirths = () => [] } = parts
  const { graceMs = 600_000, maxRemoved = 10_000 } = parts
  let present = new Map<number, Known>()
  const removed = new Map<number, Known>()

  return {
    scan: nowMs => {
      // Before the look at the hierarchy, which then tells which of them are gone again.
      for (const { cgroupId, path } of takeBirths()) {
        if (!present.has(cgroupId)) present.set(cgroupId, know(path, nowMs))
      }
      const found = new Map<number, Known>()
      visit(mount, '/', (cgroupId, path) => {
        const known = present.get(cgroupId)
        const isSame = known !== undefined && known.path === path
        found.set(cgroupId, isSame ? known : know(path, nowMs))
      })
      for (const [cgroupId, known] of present) {
        if (found.has(cgroupId)) continue
        known.neededMs = nowMs
        removed.set(cgroupId, known)
      }
      present = found
      for (const [cgroupId, known] of removed) {
        const isSurplus = removed.size > maxRemoved
        if (isSurplus || nowMs - known.neededMs > graceMs) removed.delete(cgroupId)
      }
    },
    ownerOf: (cgroupId, nowMs) => {
      const known = present.get(cgroupId) ?? removed.get(cgroupId)
      if (known === undefined) return undefined
      known.neededMs = nowMs
      return isEmptyBesideV1 && known.path === '/' && present.size === 1 ? UNSEEN : known.owner
    },
    pathOf: cgroupId => (present.get(cgroupId) ?? removed.get(cgroupId))?.path,
  }
}

function know(path: string, nowMs: number): Known {
  return { path, owner: parseCgroupPath(path), neededMs: nowMs }
}

/**
 * Where the cgroup v2 hierarchy is mounted: `root` itself or the mount nearest below it; without a root
 * the one with the shortest path. Throws an error of one line when there is none.
 */
export function findCgroupMount(
  root: string,
  mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8'),
): string {
  const below = root === '' ? '/' : root.replace(/\/*$/, '/')
  let mount: string | undefined
  for (const line of mountinfo.split('\n')) {
    // 20 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
    const [place = '', filesystem = ''] = line.split(' - ')
    if (!filesystem.startsWith('cgroup2 ')) continue
    const point = unescapeOctal(place.split(' ')[4] ?? '')
    if (!`${point}/`.startsWith(below)) continue
    if (mount === undefined || point.length < mount.length) mount = point
  }
  if (mount !== undefined) return mount
  const where = root === '' ? 'on this machine' : `at or below ${root}`
  throw new Error(
    `cgroupRoot: no cgroup2 filesystem is mounted ${where}. ` +
      'Mount one (mount -t cgroup2 none /sys/fs/cgroup/unified) or set cgroupRoot to where it is',
  )
}

/** Spaces and the like stand in mountinfo as `\040`. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  )
}

function visit(mount: string, path: string, found: (cgroupId: number, path: string) => void): void {
  const folder = mount + path
  let names: string[] = []
  try {
    const { ino, nlink } = statSync(folder)
    found(ino, path)
    if (nlink === LINKS_OF_A_LEAF) return
    const entries = readdirSync(folder, { withFileTypes: true })
    names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  } catch {
    // Removed between the listing and the look. Bytes of a cgroup that is not found are counted as such.
  }
  for (const name of names) visit(mount, path === '/' ? `/${name}` : `${path}/${name}`, found)
}
