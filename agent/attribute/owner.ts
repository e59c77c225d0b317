import type { Owner } from '../model.ts'
import type { CgroupOwner, PodOwner } from './cgroup-path.ts'
import type { PodNames } from './pod-names.ts'

/** An owner and, if it is not complete, what is missing. */
export type Finding = {
  readonly owner: Owner
  readonly missing?: 'cgroup_unknown' | 'cgroup_v1' | 'pod_unknown' | 'container_unknown'
}

export type OwnerFinder = {
  /** What is known now. What is missing may come later. */
  readonly find: (cgroup: CgroupOwner | undefined) => Finding
  /** What is missing is not waited for any more: the finding as good as it gets. */
  readonly settle: (cgroup: CgroupOwner | undefined) => Finding
}

const SHORT_ID_DIGITS = 12
/** Ids that a pod's status never told, per pod. */
const MAX_UNNAMED = 64
const NOBODY: Finding = { owner: {} }
const UNKNOWN: Finding = { owner: {}, missing: 'cgroup_unknown' }
const UNSEEN: Finding = { owner: {}, missing: 'cgroup_v1' }

/**
 * Puts the names of Kubernetes to what cgroup paths tell; without `pods` a container is known by its
 * short id. The same owner is the same object each time.
 */
export function ownerFinder(pods: Pick<PodNames, 'get'> | undefined): OwnerFinder {
  // As long-lived as what they are made from.
  const byPath = new WeakMap<CgroupOwner, Owner>()
  const unnamed = new WeakMap<Owner, Map<string, Owner>>()

  function find(cgroup: CgroupOwner | undefined, isSettled: boolean): Finding {
    if (cgroup === undefined) return UNKNOWN
    if (cgroup.kind === 'root') return NOBODY
    if (cgroup.kind === 'unseen') return UNSEEN
    const outermost = podOf(cgroup)
    if (pods === undefined || outermost === undefined) return { owner: ownerByPath(cgroup) }
    // Where Kubernetes runs in a container or a pod, only one of them is of this cluster.
    for (let place: PodOwner | undefined = outermost; place; place = place.inside) {
      const found = named(place, pods, isSettled)
      if (found !== undefined) return found
    }
    return { owner: ownerByPath(cgroup), missing: 'pod_unknown' }
  }

  function named(
    place: PodOwner,
    names: Pick<PodNames, 'get'>,
    isSettled: boolean,
  ): Finding | undefined {
    const pod = names.get(place.podUid)
    if (pod === undefined) return undefined
    if (place.kind === 'pod') return { owner: pod.owner }
    const { containerId } = place
    const owner = pod.containers.get(containerId)
    if (owner !== undefined) return { owner }
    // The sandbox of gVisor holds every container of its pod, under an id that no status tells.
    const only = isSettled ? pod.onlyContainer(containerId) : undefined
    if (only !== undefined) return { owner: only }
    return { owner: ownerById(pod.owner, containerId), missing: 'container_unknown' }
  }

  function ownerById(pod: Owner, containerId: string): Owner {
    let owners = unnamed.get(pod)
    if (owners === undefined) unnamed.set(pod, (owners = new Map<string, Owner>()))
    let owner = owners.get(containerId)
    if (owner === undefined) {
      owner = { ...pod, container: containerId.slice(0, SHORT_ID_DIGITS), containerId }
      if (owners.size >= MAX_UNNAMED) owners.clear()
      owners.set(containerId, owner)
    }
    return owner
  }

  function ownerByPath(cgroup: CgroupOwner): Owner {
    let owner = byPath.get(cgroup)
    if (owner === undefined) byPath.set(cgroup, (owner = nameOfPath(cgroup)))
    return owner
  }

  return {
    find: cgroup => find(cgroup, false),
    settle: cgroup => find(cgroup, true),
  }
}

function podOf(cgroup: CgroupOwner): PodOwner | undefined {
  if ('podUid' in cgroup) return cgroup
  return 'inside' in cgroup ? cgroup.inside : undefined
}

function nameOfPath(cgroup: CgroupOwner): Owner {
  if (cgroup.kind === 'unit') return { container: cgroup.unit }
  if (cgroup.kind === 'machine') return { container: cgroup.machine }
  if (cgroup.kind !== 'container') return {}
  const { containerId } = cgroup
  const unit = 'unit' in cgroup ? cgroup.unit : undefined
  return { container: unit ?? containerId.slice(0, SHORT_ID_DIGITS), containerId }
}
