import { hexOf, suffixOf, uidOf } from './names.ts'
import { PODS_PER_NODE, workloadOf, type Workload } from './workloads.ts'

/**
 * What happens at a slot, over and over, one change after the other. A pod that is replaced leaves,
 * and its successor is first known without a node.
 */
export const STATES = [
  'running',
  'restarted',
  'unready',
  'terminating',
  'gone',
  'unscheduled',
  'bound',
  'starting',
] as const
export type PodState = (typeof STATES)[number]

/** A pod as it is at one moment: all that its object is made from. */
export type PodLife = {
  readonly slot: number
  readonly state: Exclude<PodState, 'gone'>
  readonly workload: Workload
  readonly name: string
  readonly uid: string
  /** Absent until it is bound. */
  readonly nodeName?: string
  /** Absent until it runs. */
  readonly podIp?: string
  readonly hostIp: string
  /** Ids are absent until it runs. */
  readonly containers: readonly {
    readonly name: string
    readonly id?: string
    readonly lastId?: string
  }[]
}

/** The pod of a slot after so many changes; undefined between two pods. Pure. */
export function podLife(slot: number, step: number): PodLife | undefined {
  const state = stateAt(step)
  if (state === 'gone') return undefined
  const incarnation = Math.floor(
    (step + STATES.length - STATES.indexOf('unscheduled')) / STATES.length,
  )
  const workload = workloadOf(slot, incarnation)
  const node = Math.floor(slot / PODS_PER_NODE)
  const hostIp = hostIpOf(node)
  const isUp =
    state === 'running' || state === 'restarted' || state === 'unready' || state === 'terminating'
  const names = workload.hasSidecar ? ['server', 'proxy'] : ['server']
  const idOf = (container: string, life: number) =>
    hexOf('container', slot, incarnation, container, life)
  const containers = names.map((name, index) => {
    if (!isUp) return { name }
    // The first container crashes once in the life of each pod.
    if (index > 0 || state === 'running') return { name, id: idOf(name, 0) }
    return { name, id: idOf(name, 1), lastId: idOf(name, 0) }
  })
  return {
    slot,
    state,
    workload,
    name: podName(slot, incarnation, workload),
    uid: uidOf('pod', slot, incarnation),
    ...(state !== 'unscheduled' && { nodeName: nodeNameOf(node) }),
    ...(isUp && { podIp: workload.isHostNetwork ? hostIp : podIpOf(slot, incarnation) }),
    hostIp,
    containers,
  }
}

export function stateAt(step: number): PodState {
  return STATES[step % STATES.length] ?? 'running'
}

export function nodeNameOf(node: number): string {
  return `ip-172-${16 + (node >> 8)}-${node & 255}-10.example.internal`
}

export function hostIpOf(node: number): string {
  return `172.${16 + (node >> 8)}.${node & 255}.10`
}

/** The first address of a node's pods but for the last part. */
export function podNetworkOf(node: number): string {
  return `10.${64 + (node >> 8)}.${node & 255}`
}

/** A successor has another address, and the pod after it the first one again. */
function podIpOf(slot: number, incarnation: number): string {
  const last = 2 + (slot % PODS_PER_NODE) + (incarnation % 2) * PODS_PER_NODE
  return `${podNetworkOf(Math.floor(slot / PODS_PER_NODE))}.${last}`
}

function podName(slot: number, incarnation: number, { kind, name, controller }: Workload): string {
  // The same name for ever: only the UID tells one from the next.
  if (kind === 'StatefulSet') return `${name}-${Math.floor(slot / PODS_PER_NODE) % 5}`
  return `${controller.name}-${suffixOf(5, 'pod', slot, incarnation)}`
}
