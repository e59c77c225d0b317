/** What is listed and watched, in this order: where room is short, the few come before the many. */
export const resources = ['nodes', 'services', 'pods', 'endpointslices'] as const

export type Resource = (typeof resources)[number]

export const requests: Readonly<
  Record<Resource, { readonly path: string; readonly parameters: Readonly<Record<string, string>> }>
> = {
  nodes: { path: '/api/v1/nodes', parameters: {} },
  services: { path: '/api/v1/services', parameters: {} },
  pods: {
    path: '/api/v1/pods',
    // Pods that have ended own nothing; the watch says DELETED when a pod leaves the selection.
    parameters: { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' },
  },
  endpointslices: { path: '/apis/discovery.k8s.io/v1/endpointslices', parameters: {} },
}
