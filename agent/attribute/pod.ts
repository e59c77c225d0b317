import type { Owner } from '../model.ts'

import { listOf, objectOf, textOf, type JsonObject } from './json.ts'
import type { Shape } from './pick.ts'
import { workloadOf } from './workload.ts'

/** The few facts of a pod that name its traffic. */
export type Pod = {
  /** UIDs under which it may stand in a cgroup path: a static pod stands there under a hash. */
  readonly uids: readonly string[]
  readonly owner: Required<Pick<Owner, 'namespace' | 'pod' | 'workload' | 'workloadKind'>>
  /** Images by the name of the container: ordinary, init, sidecar and ephemeral ones. */
  readonly images: ReadonlyMap<string, string | undefined>
  /** Container ids (64 hex digits) and names, of restarted containers too, older ids first. */
  readonly containers: readonly (readonly [containerId: string, name: string])[]
}

const CONFIG_HASH = 'kubernetes.io/config.hash'
const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'] as const
const STATUSES = [
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
] as const

const images: Shape = { entries: { keys: { name: true, image: true } } }
const terminated: Shape = { keys: { terminated: { keys: { containerID: true } } } }
const containerIds: Shape = {
  entries: { keys: { name: true, containerID: true, state: terminated, lastState: terminated } },
}

/** What `readPod` and `resourceVersionOf` read: a tenth of a pod. */
export const podShape = {
  keys: {
    metadata: {
      keys: {
        uid: true,
        namespace: true,
        name: true,
        resourceVersion: true,
        creationTimestamp: true,
        labels: true,
        annotations: { keys: { [CONFIG_HASH]: true } },
        ownerReferences: true,
      },
    },
    spec: { keys: { nodeName: true, ...allOf(CONTAINERS, images) } },
    status: { keys: allOf(STATUSES, containerIds) },
  },
} as const satisfies Shape

/**
 * Reads a v1 Pod as the API server gives it. What is missing but for its names is no fault: a pod that was
 * only just created has no status. Undefined for what is no pod.
 */
export function readPod(value: unknown): Pod | undefined {
  const pod = objectOf(value)
  const metadata = objectOf(pod?.metadata)
  const uid = textOf(metadata?.uid)
  const namespace = textOf(metadata?.namespace)
  const name = textOf(metadata?.name)
  if (!metadata || uid === undefined || namespace === undefined || name === undefined) {
    return undefined
  }
  const spec = objectOf(pod?.spec)
  const status = objectOf(pod?.status)
  const hash = textOf(objectOf(metadata.annotations)?.[CONFIG_HASH])
  return {
    uids: hash === undefined || hash === uid ? [uid] : [uid, hash],
    owner: { namespace, pod: name, ...workload(name, metadata, spec) },
    images: new Map(CONTAINERS.flatMap(kind => listOf(spec?.[kind]).flatMap(imageOf))),
    containers: STATUSES.flatMap(kind => listOf(status?.[kind]).flatMap(containerNames)),
  }
}

/** The version after which a watch goes on; of pods, bookmarks and lists alike. */
export function resourceVersionOf(value: unknown): string | undefined {
  return textOf(objectOf(objectOf(value)?.metadata)?.resourceVersion)
}

function workload(name: string, metadata: JsonObject, spec: JsonObject | undefined) {
  const createdMs = Date.parse(textOf(metadata.creationTimestamp) ?? '')
  return workloadOf({
    name,
    nodeName: textOf(spec?.nodeName),
    labels: objectOf(metadata.labels),
    ownerReferences: listOf(metadata.ownerReferences).flatMap(ownerReferenceOf),
    ...(!Number.isNaN(createdMs) && { createdMs }),
  })
}

function ownerReferenceOf(value: unknown) {
  const reference = objectOf(value)
  const kind = textOf(reference?.kind)
  const name = textOf(reference?.name)
  if (kind === undefined || name === undefined) return []
  return [{ kind, name, controller: reference?.controller === true }]
}

function imageOf(value: unknown): (readonly [name: string, image: string | undefined])[] {
  const container = objectOf(value)
  const name = textOf(container?.name)
  return name === undefined ? [] : [[name, textOf(container?.image)]]
}

function containerNames(value: unknown): (readonly [containerId: string, name: string])[] {
  const status = objectOf(value)
  const name = textOf(status?.name)
  if (status === undefined || name === undefined) return []
  // A container that was not started yet has an empty id.
  const ids = [terminatedId(status.lastState), terminatedId(status.state), status.containerID]
  return ids.flatMap(id => {
    const containerId = withoutRuntime(textOf(id))
    return containerId === undefined ? [] : [[containerId, name] as const]
  })
}

function terminatedId(state: unknown): unknown {
  return objectOf(objectOf(state)?.terminated)?.containerID
}

/** `containerd://4b8d…` → `4b8d…` */
function withoutRuntime(containerId: string | undefined): string | undefined {
  return textOf(containerId?.slice(containerId.lastIndexOf('/') + 1))
}

function allOf(keys: readonly string[], shape: Shape): Record<string, Shape> {
  return Object.fromEntries(keys.map(key => [key, shape]))
}
