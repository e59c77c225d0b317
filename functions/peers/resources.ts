import { nodeShape } from './node.ts'
import type { Shape } from '../../agent/attribute/pick.ts'
import { podShape } from './pod.ts'
import { serviceShape } from './service.ts'

/** What is listed and watched, in this order: where room is short, the few come before the many. */
export const resources = ['nodes', 'services', 'pods', 'endpointslices'] as const

export type Resource = (typeof resources)[number]

export const requests: Readonly<
  Record<
    Resource,
    {
      readonly path: string
      readonly parameters: Readonly<Record<string, string>>
      /** Of one object. */
      readonly shape: Shape
    }
  >
> = {
  nodes: { path: '/api/v1/nodes', parameters: {}, shape: nodeShape },
  services: { path: '/api/v1/services', parameters: {}, shape: serviceShape },
  pods: {
    path: '/api/v1/pods',
    // Pods that have ended own nothing; the watch says DELETED when a pod leaves the selection.
    parameters: { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' },
    shape: podShape,
  },
  endpointslices: {
    path: '/apis/discovery.k8s.io/v1/endpointslices',
    parameters: {},
    // Little of it is not wanted, and to parse all is twice as fast as to skip that.
    shape: true,
  },
}
