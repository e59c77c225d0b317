import { cgroupUids, containerNames, type Pod } from './pod.ts'

export type PodName = {
  readonly namespace: string
  readonly pod: string
  /** By container id. */
  readonly containers: ReadonlyMap<string, string>
}

/** The pods of this node by the UID in their cgroup paths. */
export type PodNames = {
  readonly get: (podUid: string) => PodName | undefined
  readonly put: (pod: Pod) => void
  readonly remove: (pod: Pod, nowMs: number) => void
  /** A fresh list: pods that are not in it are gone. */
  readonly replaceAll: (pods: readonly Pod[], nowMs: number) => void
}

export type PodNamesParts = {
  /** How long a deleted pod keeps its name: its last bytes may be drained minutes later. */
  readonly graceMs?: number
  /** Deleted pods remembered at most; the one deleted first is forgotten first. */
  readonly maxDeleted?: number
}

type Known = {
  readonly name: PodName
  readonly containers: Map<string, string>
  deletedMs?: number
}

/** A container that crashes for ever has a new id each time: so many ids of a pod are kept. */
const MAX_CONTAINER_IDS = 64

export function createPodNames(parts: PodNamesParts = {}): PodNames {
  const { graceMs = 600_000, maxDeleted = 1_000 } = parts
  const pods = new Map<string, Known>()
  /** Deleted, in the order of their deletion. */
  const deleted = new Map<string, Known>()

  function put(pod: Pod): void {
    for (const uid of cgroupUids(pod)) {
      deleted.delete(uid)
      const { containers } = pods.get(uid) ?? { containers: new Map<string, string>() }
      for (const [id, container] of containerNames(pod)) {
        // Moves it to the end, so that what is forgotten is no longer in the pod's status.
        containers.delete(id)
        containers.set(id, container)
      }
      forgetOldest(containers, MAX_CONTAINER_IDS)
      const { namespace, name } = pod.metadata
      pods.set(uid, { name: { namespace, pod: name, containers }, containers })
    }
  }

  function markDeleted(uid: string, nowMs: number): void {
    const known = pods.get(uid)
    if (known === undefined || deleted.has(uid)) return
    known.deletedMs = nowMs
    deleted.set(uid, known)
    for (const [oldUid, { deletedMs = nowMs }] of deleted) {
      if (deleted.size <= maxDeleted && nowMs - deletedMs <= graceMs) break
      deleted.delete(oldUid)
      pods.delete(oldUid)
    }
  }

  return {
    get: podUid => pods.get(podUid)?.name,
    put,
    remove: (pod, nowMs) => {
      // The event carries the pod's last state, which may name a container for the first time.
      put(pod)
      for (const uid of cgroupUids(pod)) markDeleted(uid, nowMs)
    },
    replaceAll: (listed, nowMs) => {
      const alive = new Set(listed.flatMap(cgroupUids))
      for (const uid of pods.keys()) if (!alive.has(uid)) markDeleted(uid, nowMs)
      for (const pod of listed) put(pod)
    },
  }
}

function forgetOldest(entries: Map<string, string>, keep: number): void {
  for (const id of entries.keys()) {
    if (entries.size <= keep) return
    entries.delete(id)
  }
}
