import type { AttributedFlow } from '../model.ts'

/** Value of `destination_ip` for remote ends that have no series of their own. */
const OTHER = 'other'

/** What a flow may count under, each wider than the one before. */
export type Step = 'exact' | 'container' | 'node'

/** A flow that the kernel had no room for comes without a remote end: it starts one step later. */
export function firstStep(flow: AttributedFlow): Step {
  return flow.remoteAddress === OTHER ? 'container' : 'exact'
}

export function stepAfter(step: Step): Step {
  return step === 'exact' ? 'container' : 'node'
}

/** Equal for flows that count under the same target at this step. */
export function targetKey(flow: AttributedFlow, step: Step): string {
  const { owner, protocol, role } = flow
  const kind = `${protocol}\n${role}`
  if (step === 'node') return kind
  // No part is ever empty or holds a line break, so different owners never read the same.
  const container = `${kind}\n${owner.namespace ?? ''}\n${owner.pod ?? ''}\n${owner.container ?? ''}`
  return step === 'exact' ? `${container}\n${flow.remoteAddress}\n${flow.servicePort}` : container
}

/**
 * The labels of a target: all of a flow's; the container's `other`, which keeps protocol and role but
 * no port; the node's `other`, which has no container.
 */
export function targetLabels(
  { owner, remoteAddress, servicePort, protocol, role }: AttributedFlow,
  step: Step,
): Readonly<Record<string, string | undefined>> {
  const isExact = step === 'exact'
  return {
    ...(step !== 'node' && {
      k8s_namespace: owner.namespace,
      k8s_pod: owner.pod,
      container_name: owner.container,
    }),
    destination_ip: isExact ? remoteAddress : OTHER,
    ...(isExact && { destination_port: String(servicePort) }),
    protocol,
    role,
  }
}
