import { z } from 'zod'

const ContainerState = z
  .object({ terminated: z.object({ containerID: z.string().nullish() }).nullish() })
  .nullish()

const ContainerStatuses = z
  .array(
    z.object({
      name: z.string(),
      containerID: z.string().nullish(),
      state: ContainerState,
      lastState: ContainerState,
    }),
  )
  .nullish()

/** The few fields of a pod that its name needs; all others are dropped while parsing. */
export const Pod = z.object({
  metadata: z.object({
    uid: z.string(),
    namespace: z.string(),
    name: z.string(),
    resourceVersion: z.string(),
    annotations: z.object({ 'kubernetes.io/config.hash': z.string().optional() }).nullish(),
  }),
  status: z
    .object({
      initContainerStatuses: ContainerStatuses,
      containerStatuses: ContainerStatuses,
      ephemeralContainerStatuses: ContainerStatuses,
    })
    .nullish(),
})
export type Pod = z.output<typeof Pod>

/** UIDs under which the pod may stand in a cgroup path: a static pod stands there under its hash. */
export function cgroupUids({ metadata }: Pod): string[] {
  const hash = metadata.annotations?.['kubernetes.io/config.hash']
  return hash === undefined ? [metadata.uid] : [metadata.uid, hash]
}

/** Pairs of container id (64 hex digits) and name, of restarted containers too, older ids first. */
export function containerNames({ status }: Pod): (readonly [containerId: string, name: string])[] {
  const statuses = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ]
  return statuses.flatMap(({ name, containerID, state, lastState }) => {
    const ids = [lastState?.terminated?.containerID, state?.terminated?.containerID, containerID]
    // A container that was not started yet has an empty id.
    return ids.flatMap(id => (id ? [[withoutRuntime(id), name] as const] : []))
  })
}

/** `containerd://4b8d…` → `4b8d…` */
function withoutRuntime(containerId: string): string {
  return containerId.slice(containerId.lastIndexOf('/') + 1)
}
