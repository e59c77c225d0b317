/** What the path of a cgroup says about its owner. */
export type CgroupOwner =
  | { readonly kind: 'container'; readonly containerId: string; readonly podUid?: string }
  /** A pod's own cgroup, outside any of its containers. */
  | { readonly kind: 'pod'; readonly podUid: string }
  | { readonly kind: 'unit'; readonly unit: string }
  | { readonly kind: 'root' }

/**
 * The last branch is containerd with cgroupfs under a kubelet with systemd: it makes one folder named
 * `kubepods-pod<uid>.slice:cri-containerd:<id>`. A static pod has a hash of 32 digits as its UID.
 */
const POD =
  /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?::[a-z-]+:([0-9a-f]{64}))?$/
const CONTAINER = /^(?:[a-z-]+-)?([0-9a-f]{64})(?:\.scope)?$/
/** A user's own manager has a service of its own, with every application of that user below it. */
const SERVICE = /^(?!user@).+\.service$/

/** Reads a cgroup v2 path, relative to the root of the hierarchy. Pure; every path has an answer. */
export function parseCgroupPath(path: string): CgroupOwner {
  const segments = path.split('/').filter(segment => segment !== '')
  // From the outside in: a container inside a container belongs to the outer one, which has the name.
  for (const [index, segment] of segments.entries()) {
    const [, uid, joinedContainerId] = POD.exec(segment) ?? []
    if (uid === undefined) continue
    const podUid = uid.replaceAll('_', '-')
    const containerId = joinedContainerId ?? firstContainerId(segments.slice(index + 1))
    return containerId === undefined
      ? { kind: 'pod', podUid }
      : { kind: 'container', containerId, podUid }
  }
  const containerId = firstContainerId(segments)
  if (containerId !== undefined) return { kind: 'container', containerId }
  const unit = unitOf(segments)
  return unit === undefined ? { kind: 'root' } : { kind: 'unit', unit }
}

function firstContainerId(segments: readonly string[]): string | undefined {
  for (const segment of segments) {
    const [, containerId] = CONTAINER.exec(segment) ?? []
    if (containerId !== undefined) return containerId
  }
  return undefined
}

function unitOf(segments: readonly string[]): string | undefined {
  // Sessions are numbered upwards for ever; their names would be a new series at each login.
  if (segments[0] === 'user.slice') return 'user.slice'
  const service = segments.find(segment => SERVICE.test(segment))
  if (service !== undefined) return service
  return segments.find(segment => segment.endsWith('.scope')) ?? segments.at(-1)
}
