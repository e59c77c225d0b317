import type { AttributedFlow, Labels, Owner } from '../model.ts'
import { sortedPairs } from './labels.ts'
import { networkOf } from './network.ts'
import { ownerLabels, type TrafficLabel } from './traffic-labels.ts'

/** What a flow may count under, each wider than the one before. */
export type Step = 'exact' | 'network' | 'container' | 'node'

export const STEPS: readonly Step[] = ['exact', 'network', 'container', 'node']

/** Value of `destination_ip` for remote ends that have no series of their own. */
const OTHER = 'other'

/** The local end of targets: its label pairs are there once, however many targets it has. */
export type Local = {
  readonly id: number
  readonly pairs: Labels
  /** Its targets rank before all others. */
  readonly isPriority: boolean
  /** How many targets are alive. */
  targets: number
}

export type TargetNames = ReturnType<typeof targetNames>

/** Says by which labels and under which step a flow can count. */
export function targetNames(options: {
  readonly chosen: ReadonlySet<TrafficLabel>
  readonly priorityNamespaces: readonly string[]
}) {
  const { chosen, priorityNamespaces } = options
  const [hasIp, hasPort] = [chosen.has('destination_ip'), chosen.has('destination_port')]
  const [hasProtocol, hasRole] = [chosen.has('protocol'), chosen.has('role')]
  const hasProcess = chosen.has('process_pid')
  const ofOwner = ownerLabels.filter(([name]) => chosen.has(name))
  const unknown: Local = { id: 0, pairs: [], isPriority: false, targets: 0 }
  const locals = new Map<string, Local>()
  // An owner is the same object for all flows of a cgroup: its text need not be put together for each.
  let seen = new Map<Owner, Local>()
  let lastId = 0

  function localOf(owner: Owner): Local {
    const known = seen.get(owner)
    if (known) return known
    const pairs = present(ofOwner.map(([name, valueOf]) => [name, valueOf(owner)]))
    const text = JSON.stringify(pairs)
    let local = pairs.length === 0 ? unknown : locals.get(text)
    if (!local) {
      const namespace = pairs.find(([name]) => name === 'k8s_namespace')?.[1]
      const isPriority = namespace !== undefined && priorityNamespaces.includes(namespace)
      local = { id: ++lastId, pairs, isPriority, targets: 0 }
      locals.set(text, local)
    }
    seen.set(owner, local)
    return local
  }

  /** A flow that the kernel had no room for comes without a remote end: it starts two steps later. */
  function firstStep(flow: AttributedFlow): Step {
    const isTold = hasIp || hasPort || (hasProcess && flow.process !== undefined)
    if (flow.remoteAddress !== OTHER && isTold) return 'exact'
    return knownOr(flow, 'container')
  }

  function stepAfter(flow: AttributedFlow, step: Step): Step {
    return step === 'exact' && hasIp
      ? 'network'
      : knownOr(flow, step === 'container' ? 'node' : 'container')
  }

  /** Whether what counts at this step has lost labels for want of series. */
  function isFolded(flow: AttributedFlow, step: Step): boolean {
    return flow.remoteAddress === OTHER || step !== firstStep(flow)
  }

  // Without an owner, the container's "other" and the node's have the same labels, and are one.
  function knownOr(flow: AttributedFlow, step: Step): Step {
    return localOf(flow.owner) === unknown ? 'node' : step
  }

  function remoteOf(flow: AttributedFlow, step: Step): string | undefined {
    if (!hasIp) return undefined
    if (step === 'exact') return flow.remoteAddress
    return step === 'network' ? networkOf(flow.remoteAddress) : OTHER
  }

  /** Equal for flows with equal labels at this step, and for no others. */
  function keyOf(flow: AttributedFlow, step: Step): string {
    const local = step === 'node' ? unknown : localOf(flow.owner)
    const kind = `${hasProtocol ? flow.protocol : ''} ${hasRole ? flow.role : ''}`
    const wide = `${local.id} ${kind} ${remoteOf(flow, step) ?? ''}`
    if (step !== 'exact') return wide
    const { process } = flow
    const ofProcess = hasProcess && process ? `${process.pid} ${process.command ?? ''}` : ''
    return `${wide} ${hasPort ? flow.servicePort : ''} ${ofProcess}`
  }

  /** The labels of a target, sorted; `common` are those of every target. */
  function labelsOf(flow: AttributedFlow, step: Step, common: Labels): Labels {
    const isExact = step === 'exact'
    const { process } = flow
    const told: [TrafficLabel, string | undefined][] = [
      ['destination_ip', remoteOf(flow, step)],
      ['destination_port', isExact ? String(flow.servicePort) : undefined],
      ['protocol', flow.protocol],
      ['role', flow.role],
      ['process_pid', isExact && process ? String(process.pid) : undefined],
      ['process_cmd', isExact ? process?.command : undefined],
    ]
    const pairs = present(told.filter(([name]) => chosen.has(name)))
    return sortedPairs([...localAt(flow, step).pairs, ...pairs, ...common])
  }

  function localAt(flow: AttributedFlow, step: Step): Local {
    return step === 'node' ? unknown : localOf(flow.owner)
  }

  /** Forgets local ends without targets. */
  function sweep(): void {
    seen = new Map()
    for (const [text, { targets }] of locals) if (targets === 0) locals.delete(text)
  }

  return { firstStep, stepAfter, isFolded, keyOf, labelsOf, localAt, sweep }
}

function present(pairs: readonly (readonly [string, string | undefined])[]): Labels {
  return pairs.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
}
