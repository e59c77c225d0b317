import type { ApiObject } from './fake-api-server.ts'

type PodOptions = {
  readonly namespace?: string
  readonly node?: string
  readonly created?: string
  readonly deleted?: string
  readonly phase?: string
  readonly hostNetwork?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly owner?: { readonly kind: string; readonly name: string }
}

/** A pod as an API server sends it, in what matters here. */
export function pod(name: string, addresses: readonly string[], options: PodOptions = {}) {
  const {
    namespace = 'shop',
    node: nodeName = 'node-1',
    created = '2026-11-01T10:00:00Z',
  } = options
  const { owner, deleted, labels, phase = 'Running', hostNetwork } = options
  const [first] = addresses
  return {
    metadata: {
      namespace,
      name,
      uid: `uid-of-${name}`,
      creationTimestamp: created,
      annotations: { 'example.org/note': 'größer than ever ☂' },
      managedFields: [{ manager: 'kubelet', fieldsV1: { 'f:status': {} } }],
      ...(labels && { labels }),
      ...(deleted && { deletionTimestamp: deleted }),
      ...(owner && { ownerReferences: [{ ...owner, controller: true }] }),
    },
    spec: { nodeName, containers: [{ name: 'app' }], ...(hostNetwork && { hostNetwork }) },
    status: {
      phase,
      ...(first && { podIP: first, podIPs: addresses.map(ip => ({ ip })) }),
      startTime: created,
    },
  } satisfies ApiObject
}

/** A pod of a Deployment, as its controllers name it. */
export function deployed(
  deployment: string,
  suffix: string,
  addresses: readonly string[],
  options: PodOptions = {},
) {
  const hash = '7d9c5b6f84'
  return pod(`${deployment}-${hash}-${suffix}`, addresses, {
    ...options,
    labels: { 'pod-template-hash': hash },
    owner: { kind: 'ReplicaSet', name: `${deployment}-${hash}` },
  })
}

export function service(
  name: string,
  clusterIPs: readonly string[],
  options: {
    readonly namespace?: string
    readonly externalIPs?: readonly string[]
    readonly balancer?: readonly string[]
  } = {},
) {
  const { namespace = 'shop', externalIPs, balancer = [] } = options
  return {
    metadata: { namespace, name, creationTimestamp: '2026-10-01T10:00:00Z' },
    spec: { clusterIP: clusterIPs[0], clusterIPs, ...(externalIPs && { externalIPs }) },
    status: { loadBalancer: { ingress: balancer.map(ip => ({ ip })) } },
  } satisfies ApiObject
}

export function node(
  name: string,
  addresses: readonly string[],
  options: { readonly zone?: string; readonly podCIDRs?: readonly string[] } = {},
) {
  const { zone = 'eu-1a', podCIDRs = [] } = options
  return {
    metadata: {
      name,
      creationTimestamp: '2026-09-01T10:00:00Z',
      labels: { 'topology.kubernetes.io/zone': zone, 'topology.kubernetes.io/region': 'eu-1' },
    },
    spec: { podCIDRs },
    status: {
      addresses: [
        ...addresses.map(address => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: name },
      ],
    },
  } satisfies ApiObject
}

export type SliceEndpoint = {
  readonly address: string
  readonly ready?: boolean
  readonly pod?: string
}

export function slice(
  serviceName: string,
  endpoints: readonly SliceEndpoint[],
  options: { readonly namespace?: string; readonly name?: string } = {},
) {
  const { namespace = 'shop', name = `${serviceName}-abcde` } = options
  return {
    metadata: { namespace, name, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    endpoints: endpoints.map(({ address, ready, pod: podName }) => ({
      addresses: [address],
      conditions: ready === undefined ? {} : { ready },
      ...(podName && { targetRef: { kind: 'Pod', name: podName, namespace } }),
    })),
  } satisfies ApiObject
}
