import { hexOf, suffixOf } from './names.ts'

export const PODS_PER_NODE = 100

const NAMESPACES = 50
/** Nodes over which the pods of one Deployment are spread: so many replicas it has. */
const REPLICAS = 20
const NAMES = [
  'checkout',
  'recommendation',
  'inventory',
  'payment-gateway',
  'notification',
  'search-index',
]
const DAEMON_SETS = ['kube-proxy', 'network-plugin', 'node-exporter', 'log-collector']
/** Those of the DaemonSets above that share the network of their node. */
const HOST_NETWORK = 3

/** What stands at one of the places of a node for ever, whichever pod that is at a time. */
export type Workload = {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'CronJob'
  readonly name: string
  readonly namespace: string
  /** What made the pod: of a Deployment its ReplicaSet, of a CronJob its Job. */
  readonly controller: { readonly kind: string; readonly name: string }
  readonly isHostNetwork: boolean
  readonly hasSidecar: boolean
  /** Number of the Deployment, which is that of its service too. */
  readonly deployment?: number
}

const FIRST_DEPLOYMENT = DAEMON_SETS.length + 2
const DEPLOYMENTS_PER_GROUP = PODS_PER_NODE - FIRST_DEPLOYMENT

/** Deployments of a cluster of so many nodes. */
export function deploymentCount(nodes: number): number {
  return Math.ceil(nodes / REPLICAS) * DEPLOYMENTS_PER_GROUP
}

/** Slots of the pods of a Deployment. */
export function slotsOfDeployment(deployment: number, nodes: number): number[] {
  const group = Math.floor(deployment / DEPLOYMENTS_PER_GROUP)
  const place = FIRST_DEPLOYMENT + (deployment % DEPLOYMENTS_PER_GROUP)
  const first = group * REPLICAS
  const count = Math.min(REPLICAS, nodes - first)
  return Array.from({ length: count }, (_, index) => (first + index) * PODS_PER_NODE + place)
}

/** The workload of a slot: `node * PODS_PER_NODE + place`. `incarnation` counts its pods from 0. */
export function workloadOf(slot: number, incarnation: number): Workload {
  const node = Math.floor(slot / PODS_PER_NODE)
  const place = slot % PODS_PER_NODE
  const daemon = DAEMON_SETS[place]
  if (daemon !== undefined) {
    const controller = { kind: 'DaemonSet', name: daemon }
    const isHostNetwork = place < HOST_NETWORK
    return {
      ...controller,
      kind: 'DaemonSet',
      namespace: 'kube-system',
      controller,
      isHostNetwork,
      hasSidecar: false,
    }
  }
  const shared = { isHostNetwork: false, hasSidecar: slot % 3 === 0 }
  if (place === DAEMON_SETS.length) {
    const set = Math.floor(node / 5)
    const name = `database-${set}`
    const namespace = namespaceOf(set)
    return {
      kind: 'StatefulSet',
      name,
      namespace,
      controller: { kind: 'StatefulSet', name },
      ...shared,
    }
  }
  if (place < FIRST_DEPLOYMENT) {
    const name = `report-${node}`
    // The CronJob controller appends the scheduled time in minutes since the epoch.
    const job = { kind: 'Job', name: `${name}-${29_000_000 + incarnation}` }
    return { kind: 'CronJob', name, namespace: namespaceOf(node), controller: job, ...shared }
  }
  const group = Math.floor(node / REPLICAS)
  const deployment = group * DEPLOYMENTS_PER_GROUP + (place - FIRST_DEPLOYMENT)
  const name = deploymentName(deployment)
  const controller = { kind: 'ReplicaSet', name: `${name}-${templateHash(deployment)}` }
  return {
    kind: 'Deployment',
    name,
    namespace: namespaceOf(deployment),
    controller,
    ...shared,
    deployment,
  }
}

export function deploymentName(deployment: number): string {
  return `${NAMES[deployment % NAMES.length]}-service-${deployment}`
}

export function namespaceOf(index: number): string {
  return `team-${index % NAMESPACES}-production`
}

/** Value of the label `pod-template-hash`. */
export function templateHash(deployment: number): string {
  return suffixOf(9, 'template', deployment)
}

/** Value of the label `controller-revision-hash`. */
export function revisionHash(name: string): string {
  return hexOf('revision', name).slice(0, 10)
}
