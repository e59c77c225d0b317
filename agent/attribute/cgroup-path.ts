import { unitName, unescapeUnit } from './unit-name.ts'

/** What the path of a cgroup says about its owner. */
export type CgroupOwner =
  | (Container & {
      /** The systemd unit that a container of podman lives in: it outlives the container's id. */
      readonly unit?: string
      readonly inside?: PodOwner
    })
  | PodOwner
  /** An LXC or Incus container, or what systemd-machined calls a machine. */
  | { readonly kind: 'machine'; readonly machine: string; readonly inside?: PodOwner }
  | { readonly kind: 'unit'; readonly unit: string }
  | { readonly kind: 'root' }
  /** Cgroups of version 1 only: a socket tells none of them. */
  | { readonly kind: 'unseen' }

type Container = { readonly kind: 'container'; readonly containerId: string }

/** A pod's container, or the pod itself: a cgroup of the pod outside of its containers. */
export type PodOwner = (Container | { readonly kind: 'pod' }) & {
  readonly podUid: string
  /** Further in, where Kubernetes runs inside a container: another pod. Only one cluster knows its name. */
  readonly inside?: PodOwner
}

/**
 * Systemd driver. The part after the colons is there if the kubelet uses systemd and containerd does
 * not. A static pod has a hash of 32 digits as its UID, or whatever its file says.
 */
const POD_SLICE =
  /(?:^|-)kubepods(?:-burstable|-besteffort)?-pod([^.:]+)\.slice(?::[^:]+:([0-9a-f]{64}))?$/
/** Driver cgroupfs: with what the kubelet makes up anywhere, with any other UID below one of these. */
const POD_FOLDER = /^pod(.+)$/
const ABOVE_PODS = new Set(['kubepods', 'burstable', 'besteffort'])
const MADE_UP_UID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/
/** With any prefix, as in `docker-`, `cri-containerd-`, `libpod-payload-`, `system.slice:docker:`. */
const CONTAINER = /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/
/** Podman in a unit (Quadlet, `--cgroups=split`). */
const PAYLOAD = /^libpod-payload-/
const LXC = /^lxc\.(?:payload|monitor)(?:\.(.+))?$/
const MACHINE_SCOPE = /^machine-(.+)\.scope$/
const NSPAWN_SERVICE = /^systemd-nspawn@(.+)\.service$/
/** Libvirt counts its machines: a number more at each start. */
const LIBVIRT = /^(?:qemu|lxc|ch|xen)-\d+-(.+)$/

/** Reads a cgroup v2 path, relative to the root of the hierarchy. Pure; every path has an answer. */
export function parseCgroupPath(path: string): CgroupOwner {
  const segments = path.split('/').filter(segment => segment !== '')
  // From the outside in: what runs inside a container belongs to the outer one, which has the name.
  for (const at of segments.keys()) {
    const owner = podAt(segments, at) ?? containerAt(segments, at) ?? machineAt(segments, at)
    if (owner !== undefined) return owner
  }
  const unit = unitName(segments)
  return unit === undefined ? { kind: 'root' } : { kind: 'unit', unit }
}

function podAt(segments: readonly string[], at: number): PodOwner | undefined {
  const [, slice, joinedId] = POD_SLICE.exec(segments[at] ?? '') ?? []
  const [, folder] = POD_FOLDER.exec(segments[at] ?? '') ?? []
  const isPod = ABOVE_PODS.has(segments[at - 1] ?? '') || MADE_UP_UID.test(folder ?? '')
  const podUid = slice?.replaceAll('_', '-') ?? (isPod ? folder : undefined)
  if (podUid === undefined) return undefined
  const container = { containerId: joinedId, at } as const
  const { containerId, at: last } =
    joinedId === undefined ? firstContainer(segments, at) : container
  const inside = podWithin(segments, last + 1)
  const pod = { podUid, ...(inside && { inside }) }
  return containerId === undefined
    ? { kind: 'pod', ...pod }
    : { kind: 'container', containerId, ...pod }
}

function containerAt(segments: readonly string[], at: number): CgroupOwner | undefined {
  const [, containerId] = CONTAINER.exec(segments[at] ?? '') ?? []
  if (containerId === undefined) return undefined
  const above = segments[at - 1]
  const isInUnit = PAYLOAD.test(segments[at] ?? '') && above?.endsWith('.service')
  const inside = podWithin(segments, at + 1)
  return {
    kind: 'container',
    containerId,
    ...(isInUnit && { unit: above }),
    ...(inside && { inside }),
  }
}

function machineAt(segments: readonly string[], at: number): CgroupOwner | undefined {
  const machine = machineName(segments, at)
  if (machine === undefined || machine === '') return undefined
  const inside = podWithin(segments, at + 1)
  return { kind: 'machine', machine, ...(inside && { inside }) }
}

function machineName(segments: readonly string[], at: number): string | undefined {
  const segment = segments[at] ?? ''
  // Proxmox, and LXC before 4.0: a folder of that name at the top, and one per container in it.
  if (at === 0 && segment === 'lxc') return segments[1]
  const lxc = LXC.exec(segment)
  if (lxc) return lxc[1] ?? segments[at + 1]
  const [, escaped] = MACHINE_SCOPE.exec(segment) ?? NSPAWN_SERVICE.exec(segment) ?? []
  if (escaped === undefined) return undefined
  const name = unescapeUnit(escaped)
  return LIBVIRT.exec(name)?.[1] ?? name
}

function podWithin(segments: readonly string[], from: number): PodOwner | undefined {
  for (let at = from; at < segments.length; at += 1) {
    const pod = podAt(segments, at)
    if (pod !== undefined) return pod
  }
  return undefined
}

function firstContainer(segments: readonly string[], pod: number) {
  for (let at = pod + 1; at < segments.length; at += 1) {
    const [, containerId] = CONTAINER.exec(segments[at] ?? '') ?? []
    if (containerId !== undefined) return { containerId, at }
  }
  return { containerId: undefined, at: pod }
}
