import { createHistory, type Change, type History } from './history.ts'
import { nodeNameOf, podLife, stateAt } from './life.ts'
import { nodeObject } from './node.ts'
import { podObject } from './pod.ts'
import { serviceObject, sliceObject } from './service.ts'
import { deploymentCount, PODS_PER_NODE } from './workloads.ts'

/** All objects of a kind. They are made when they are asked for, so that a large cluster needs little memory. */
export type Collection = {
  readonly apiVersion: string
  readonly kind: string
  readonly size: number
  readonly history: History
  /** The object in a slot after so many changes, without kind and version; undefined: there is none. */
  readonly objectAt: (slot: number, step: number, resourceVersion: number) => object | undefined
  /** What field selectors can ask for; undefined where there is no object. */
  readonly fieldsAt: (slot: number, step: number) => Readonly<Record<string, string>> | undefined
  /** Slots that may match a value of a field, where that is known without a search. */
  readonly slotsWith?: (field: string, value: string) => readonly number[] | undefined
}

export type SimulatedCluster = {
  readonly nodes: number
  readonly pods: Collection
  /** Resource version of the newest change of all. */
  readonly version: () => number
  /** By the path that lists them. */
  readonly collections: Readonly<Record<string, Collection>>
  /** The next thing happens to the pod in a slot, and to the slice of its service with it. */
  readonly change: (slot: number) => void
  /** Called after each change. */
  readonly onChange: (listen: (collection: Collection, change: Change) => void) => void
}

const FIRST_VERSION = 1_000

/** A cluster of so many nodes with 100 pods each, in which nothing happens by itself. */
export function simulateCluster(nodes: number): SimulatedCluster {
  let version = FIRST_VERSION
  const listeners: ((collection: Collection, change: Change) => void)[] = []
  const nodeNumbers = new Map(Array.from({ length: nodes }, (_, node) => [nodeNameOf(node), node]))
  const history = (size: number) => createHistory(size, FIRST_VERSION)
  const podCount = nodes * PODS_PER_NODE
  const services = deploymentCount(nodes)

  const pods: Collection = {
    apiVersion: 'v1',
    kind: 'Pod',
    size: podCount,
    history: history(podCount),
    objectAt: (slot, step, resourceVersion) => {
      const life = podLife(slot, step)
      return life && podObject(life, String(resourceVersion))
    },
    fieldsAt: (slot, step) => {
      const state = stateAt(step)
      if (state === 'gone') return undefined
      const node = Math.floor(slot / PODS_PER_NODE)
      return {
        'spec.nodeName': state === 'unscheduled' ? '' : nodeNameOf(node),
        'status.phase': 'Running',
      }
    },
    slotsWith: (field, value) => {
      if (field !== 'spec.nodeName' || value === '') return undefined
      const node = nodeNumbers.get(value)
      return node === undefined
        ? []
        : Array.from({ length: PODS_PER_NODE }, (_, place) => node * PODS_PER_NODE + place)
    },
  }
  const slices: Collection = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    size: services,
    history: history(services),
    objectAt: (slot, _step, at) =>
      sliceObject(slot, String(at), { nodes, stepOf: pods.history.stepOf }),
    fieldsAt: () => ({}),
  }
  const collections = {
    '/api/v1/pods': pods,
    '/api/v1/nodes': {
      apiVersion: 'v1',
      kind: 'Node',
      size: nodes,
      history: history(nodes),
      objectAt: (slot: number, _step: number, at: number) => nodeObject(slot, String(at)),
      fieldsAt: (slot: number) => ({ 'metadata.name': nodeNameOf(slot) }),
    },
    '/api/v1/services': {
      apiVersion: 'v1',
      kind: 'Service',
      size: services,
      history: history(services),
      objectAt: (slot: number, _step: number, at: number) => serviceObject(slot, String(at)),
      fieldsAt: () => ({}),
    },
    '/apis/discovery.k8s.io/v1/endpointslices': slices,
  }

  function changeOf(collection: Collection, slot: number): void {
    version += 1
    const change = collection.history.change(slot, version)
    for (const listen of listeners) listen(collection, change)
  }
  return {
    nodes,
    pods,
    version: () => version,
    collections,
    change: slot => {
      changeOf(pods, slot)
      const life = podLife(slot, pods.history.stepOf(slot))
      const isSeenInSlice =
        life === undefined || ['running', 'unready', 'terminating'].includes(life.state)
      const { deployment } = (life ?? podLife(slot, pods.history.stepOf(slot) - 1))?.workload ?? {}
      if (isSeenInSlice && deployment !== undefined) changeOf(slices, deployment)
    },
    onChange: listen => void listeners.push(listen),
  }
}
