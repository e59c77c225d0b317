export type OwnerKind = 'pod' | 'service' | 'node'

/** Somebody who claims addresses. Empty text stands for what is not known. */
export type Owner = {
  readonly kind: OwnerKind
  readonly namespace: string
  readonly name: string
  readonly workload: string
  readonly workloadKind: string
  /** Name of the node a pod runs on, or of the node itself. */
  readonly node: string
  /** Canonical text, each once. */
  readonly addresses: readonly string[]
  readonly claim: Claim
  /** Since when, in seconds since the epoch: of two equal claims the newer one holds. */
  readonly sinceS: number
}

/** The lower one wins an address that several claim. */
export type Claim = (typeof claims)[keyof typeof claims]

export const claims = {
  /** Pods on the host network have its addresses too, and so do load balancers that run on nodes. */
  node: 0,
  clusterAddress: 1,
  pod: 2,
  /** A pod that is being deleted keeps its address until another pod gets it. */
  endingPod: 3,
  loadBalancer: 4,
  /** Anybody who may edit a service can write any address here: it takes no pod's name away. */
  externalAddress: 5,
  /** What stands behind a service and is no pod, such as the API server. */
  endpoint: 6,
} as const

/** Which of two claims to one address holds. */
export function winner(a: Owner, b: Owner): Owner {
  if (a.claim !== b.claim) return a.claim < b.claim ? a : b
  if (a.sinceS !== b.sinceS) return a.sinceS > b.sinceS ? a : b
  // Only so that the answer does not depend on the order of events.
  return `${a.namespace}/${a.name}` > `${b.namespace}/${b.name}` ? a : b
}
