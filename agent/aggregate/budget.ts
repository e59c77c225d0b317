import type { AttributedFlow } from '../model.ts'

/** Value of `destination_ip` for remote ends that have no series of their own. */
const OTHER = 'other'

/** What a flow is counted under: one value per label, shared by all counters. */
export type Target = {
  readonly key: string
  readonly labels: Readonly<Record<string, string | undefined>>
  readonly isFolded: boolean
}

// Never given to anything else, so that a flow always finds a place: protocols × roles.
const NODE_OTHERS = 4
// Part of the budget that remote ends may fill; above it, new ones share one target per container.
const EXACT_SHARE = 0.9

/**
 * Decides under which target a flow counts, so that there are never more than `maxTargets` (at
 * least 8). A new remote end gets its own while there is room; then it joins the container's
 * `destination_ip="other"`, which keeps protocol and role but no port; and when even that would be
 * one too many, the node's own `other`, which has no container. No flow is ever turned away.
 */
export function placement(
  maxTargets: number,
): (flow: AttributedFlow, live: ReadonlyMap<string, unknown>) => Target {
  const containerLimit = maxTargets - NODE_OTHERS
  const exactLimit = Math.floor(containerLimit * EXACT_SHARE)
  return (flow, live) => {
    const exact = target({ ...ownerLabels(flow), ...remoteLabels(flow) }, false)
    if (live.has(exact.key) || live.size < exactLimit) return exact
    const ofContainer = target({ ...ownerLabels(flow), ...otherLabels(flow) }, true)
    if (live.has(ofContainer.key) || live.size < containerLimit) return ofContainer
    return target(otherLabels(flow), true)
  }
}

function ownerLabels({ owner }: AttributedFlow): Target['labels'] {
  return {
    k8s_namespace: owner.namespace,
    k8s_pod: owner.pod,
    container_name: owner.container,
  }
}

function remoteLabels(flow: AttributedFlow): Target['labels'] {
  const { remoteAddress, servicePort, protocol, role } = flow
  return { destination_ip: remoteAddress, destination_port: String(servicePort), protocol, role }
}

function otherLabels({ protocol, role }: AttributedFlow): Target['labels'] {
  return { destination_ip: OTHER, protocol, role }
}

function target(labels: Target['labels'], isFolded: boolean): Target {
  return { key: JSON.stringify(labels), labels, isFolded }
}
