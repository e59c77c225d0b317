import type { AttributedFlow } from '../model.ts'
import { ownerLabels, type TrafficLabel } from './traffic-labels.ts'

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

export type TargetLabels = Readonly<Partial<Record<TrafficLabel, string | undefined>>>

/**
 * The labels of a target: all of a flow's that are chosen; the container's `other`, which keeps
 * protocol and role but no port and process; the node's `other`, which has no container.
 */
export function targetLabels(
  flow: AttributedFlow,
  step: Step,
  chosen: ReadonlySet<TrafficLabel>,
): TargetLabels {
  const { remoteAddress, servicePort, protocol, role, process } = flow
  const isExact = step === 'exact'
  const all: [TrafficLabel, string | undefined][] = [
    ['destination_ip', isExact ? remoteAddress : OTHER],
    ['protocol', protocol],
    ['role', role],
  ]
  if (step !== 'node') {
    for (const [name, valueOf] of ownerLabels) all.push([name, valueOf(flow.owner)])
  }
  if (isExact) {
    all.push(['destination_port', String(servicePort)])
    all.push(['process_pid', process && String(process.pid)], ['process_cmd', process?.command])
  }
  return Object.fromEntries(all.filter(([name]) => chosen.has(name)))
}
