import type { Owner } from '../model.ts'
import type { Pod } from './pod.ts'

/**
 * The names of one pod. An owner is the same object as long as its names stay the same, so that the
 * stages behind may remember it.
 */
export type PodName = {
  /** The pod as a whole. */
  readonly owner: Owner
  /** By container id. */
  readonly containers: ReadonlyMap<string, Owner>
  /** Its only container under an id that nobody told, as far as it has but one. */
  readonly onlyContainer: (containerId: string) => Owner | undefined
}

/** The pods of this node by the UID in their cgroup paths. */
export type PodNames = {
  readonly get: (podUid: string) => PodName | undefined
  readonly put: (pod: Pod) => void
  readonly remove: (pod: Pod, nowMs: number) => void
  /** A fresh list: pods that are not in it are gone. */
  readonly replaceAll: (pods: readonly Pod[], nowMs: number) => void
  /** Forgets the pods whose time is over. Costs nothing while there are none. */
  readonly forget: (nowMs: number) => void
}

export type PodNamesParts = {
  /** How long a deleted pod keeps its name: its last bytes may be drained minutes later. */
  readonly graceMs?: number
  /** Deleted pods remembered at most; the one deleted first is forgotten first. */
  readonly maxDeleted?: number
}

type Known = {
  owner: Pod['owner']
  images: Pod['images']
  readonly containers: Map<string, Owner>
  readonly name: PodName
  deletedMs: number
}

/** A container that crashes for ever has a new id each time: so many ids of a pod are kept. */
const MAX_CONTAINER_IDS = 64

export function createPodNames(parts: PodNamesParts = {}): PodNames {
  const { graceMs = 600_000, maxDeleted = 1_000 } = parts
  const pods = new Map<string, Known>()
  /** Deleted, in the order of their deletion. */
  const deleted = new Map<string, Known>()

  function put(pod: Pod): void {
    for (const uid of pod.uids) {
      deleted.delete(uid)
      const known = pods.get(uid)
      if (known === undefined) pods.set(uid, know(pod))
      else learn(known, pod)
    }
  }

  function markDeleted(uid: string, nowMs: number): void {
    const known = pods.get(uid)
    if (known === undefined || deleted.has(uid)) return
    known.deletedMs = nowMs
    deleted.set(uid, known)
  }

  function forget(nowMs: number): void {
    for (const [uid, { deletedMs }] of deleted) {
      if (deleted.size <= maxDeleted && nowMs - deletedMs <= graceMs) return
      deleted.delete(uid)
      pods.delete(uid)
    }
  }

  return {
    get: podUid => pods.get(podUid)?.name,
    put,
    remove: (pod, nowMs) => {
      // The event carries the pod's last state, which may name a container for the first time.
      put(pod)
      for (const uid of pod.uids) markDeleted(uid, nowMs)
      forget(nowMs)
    },
    replaceAll: (listed, nowMs) => {
      const alive = new Set(listed.flatMap(({ uids }) => uids))
      for (const uid of pods.keys()) if (!alive.has(uid)) markDeleted(uid, nowMs)
      for (const pod of listed) put(pod)
      forget(nowMs)
    },
    forget,
  }
}

function know(pod: Pod): Known {
  const containers = new Map<string, Owner>()
  const known: Known = {
    owner: pod.owner,
    images: pod.images,
    containers,
    deletedMs: 0,
    name: {
      get owner() {
        return known.owner
      },
      containers,
      onlyContainer: containerId => onlyContainer(known, containerId),
    },
  }
  learn(known, pod)
  return known
}

function learn(known: Known, { owner, images, containers }: Pod): void {
  if (!isSame(known.owner, owner)) {
    known.owner = owner
    known.containers.clear()
  }
  known.images = images
  for (const [containerId, name] of containers) {
    const before = known.containers.get(containerId)
    const isRight = before?.container === name
    // Moves it to the end, so that what is forgotten is no longer in the pod's status.
    known.containers.delete(containerId)
    known.containers.set(containerId, isRight ? before : containerOwner(known, containerId, name))
  }
  forgetOldest(known.containers, MAX_CONTAINER_IDS)
}

/** With the image of that moment: a later one belongs to the container's next life, which has another id. */
function containerOwner({ owner, images }: Known, containerId: string, container: string): Owner {
  const image = images.get(container)
  return { ...owner, container, containerId, ...(image !== undefined && { image }) }
}

function onlyContainer(known: Known, containerId: string): Owner | undefined {
  const [name, ...others] = known.images.keys()
  if (name === undefined || others.length > 0) return undefined
  const owner = containerOwner(known, containerId, name)
  known.containers.set(containerId, owner)
  forgetOldest(known.containers, MAX_CONTAINER_IDS)
  return owner
}

function isSame(one: Pod['owner'], other: Pod['owner']): boolean {
  return (
    one.namespace === other.namespace &&
    one.pod === other.pod &&
    one.workload === other.workload &&
    one.workloadKind === other.workloadKind
  )
}

function forgetOldest(entries: Map<string, unknown>, keep: number): void {
  for (const id of entries.keys()) {
    if (entries.size <= keep) return
    entries.delete(id)
  }
}
