import { readdirSync, readFileSync } from 'node:fs'
import { findCgroupMount, UNSEEN, type CgroupTree, type CgroupTreeParts } from './cgroup-tree.ts'

/** What this machine has of cgroups: where they are, or what is lost without them. */
export type CgroupHierarchy =
  | { readonly mount: string; readonly loss?: undefined }
  /** With a mount: so long as nothing is in it but its root. */
  | { readonly mount?: string; readonly loss: string; readonly fix: string }

const LOSS =
  'bytes are counted for the node as a whole, without namespace, pod, container or unit, and UDP only where fentry attaches'
const FIX = 'Boot with systemd.unified_cgroup_hierarchy=1'

/**
 * Looks for the cgroup2 hierarchy at or below `root`. A socket knows its cgroup of version 2 and no other:
 * on a machine with version 1 only, each socket belongs to the root, and so it does where nothing was
 * put into version 2. Throws an error of one line where there are no cgroups at all.
 */
export function lookForCgroups(
  root: string,
  mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8'),
): CgroupHierarchy {
  const hasV1 = / - cgroup /.test(mountinfo)
  const hasV2 = / - cgroup2 /.test(mountinfo)
  if (hasV1 && !hasV2) {
    const fix = `${FIX}, or mount what there is (mount -t cgroup2 none /sys/fs/cgroup/unified)`
    return {
      loss: `this machine has cgroup v1 only, no cgroup2 filesystem is mounted: ${LOSS}`,
      fix,
    }
  }
  const mount = findCgroupMount(root, mountinfo)
  const isInUse = readdirSync(mount, { withFileTypes: true }).some(entry => entry.isDirectory())
  if (hasV1 && !isInUse) {
    const loss = `this machine uses cgroup v1, nothing is in ${mount}: till something is, ${LOSS}`
    return { mount, loss, fix: FIX }
  }
  return { mount }
}

/** What stands in for the tree where there is none. */
export function noCgroupTree({
  takeBirths = () => [],
}: Pick<CgroupTreeParts, 'takeBirths'>): CgroupTree {
  return {
    scan: () => void takeBirths(),
    ownerOf: () => UNSEEN,
    pathOf: () => undefined,
  }
}
