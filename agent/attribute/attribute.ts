import type { AttributedFlow, Flow } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'
import type { CgroupOwner } from './cgroup-path.ts'
import type { CgroupTree } from './cgroup-tree.ts'
import { ownerFinder, type Finding } from './owner.ts'
import type { PodNames } from './pod-names.ts'

export type AttributionParts = {
  readonly cgroups: Pick<CgroupTree, 'scan' | 'ownerOf'>
  /** Absent without Kubernetes: then a container is known by its short id. */
  readonly pods?: Pick<PodNames, 'get' | 'forget'>
  readonly telemetry: Pick<Telemetry, 'unattributedBytes' | 'heldBytes'>
  /** How long the flows of a cgroup wait for the name of its pod or container at most. */
  readonly holdMs?: number
  /** How many flows wait at most. */
  readonly maxHeld?: number
}

export type Attribution = {
  /**
   * Says who owns each flow. A flow whose pod has no name yet is held back and comes out of a later
   * call, so that a new pod does not appear twice. No byte is lost: what goes in comes out or is held.
   * `nowMs` is of a clock that takes no steps.
   */
  readonly attribute: (flows: readonly Flow[], nowMs: number) => AttributedFlow[]
  /** All flows that are held back, with the owner as far as it is known. */
  readonly flush: (nowMs: number) => AttributedFlow[]
}

/** What a tick makes of the flows of one cgroup. */
type Decision = Finding & { readonly isAwaited: boolean }

export function attribution(parts: AttributionParts): Attribution {
  const { cgroups, pods, telemetry, holdMs = 30_000, maxHeld = 20_000 } = parts
  const owners = ownerFinder(pods)
  /** Since when a name is waited for. One that did not come in time is used when it comes, not waited for. */
  const missingSince = new WeakMap<CgroupOwner, number>()
  let held: readonly Flow[] = []

  function attribute(flows: readonly Flow[], nowMs: number, longestMs: number): AttributedFlow[] {
    const decisions = new Map<number, Decision>()
    const attributed: AttributedFlow[] = []
    const kept: Flow[] = []
    for (const flow of [...held, ...flows]) {
      let decision = decisions.get(flow.cgroupId)
      if (decision === undefined) {
        decision = decide(flow.cgroupId, nowMs, longestMs)
        decisions.set(flow.cgroupId, decision)
      }
      const { owner, missing, isAwaited } = decision
      if (isAwaited && kept.length < maxHeld) {
        kept.push(flow)
        continue
      }
      const reason = isAwaited ? 'hold_full' : missing
      if (reason !== undefined) telemetry.unattributedBytes.inc({ reason }, bytesOf(flow))
      attributed.push({ ...flow, owner })
    }
    held = kept
    telemetry.heldBytes.set(held.reduce((sum, flow) => sum + bytesOf(flow), 0))
    return attributed
  }

  function decide(cgroupId: number, nowMs: number, longestMs: number): Decision {
    const cgroup = cgroups.ownerOf(cgroupId, nowMs)
    const finding = owners.find(cgroup)
    if (cgroup === undefined || !mayStillCome(finding)) return { ...finding, isAwaited: false }
    const sinceMs = missingSince.get(cgroup) ?? nowMs
    missingSince.set(cgroup, sinceMs)
    if (nowMs - sinceMs < longestMs) return { ...finding, isAwaited: true }
    return { ...owners.settle(cgroup), isAwaited: false }
  }

  return {
    attribute: (flows, nowMs) => {
      // After the drain: whatever cgroup its flows came from is in the tree, unless it is gone.
      cgroups.scan(nowMs)
      pods?.forget(nowMs)
      return attribute(flows, nowMs, holdMs)
    },
    flush: nowMs => attribute([], nowMs, 0),
  }
}

/** The name of a cgroup that was gone before anybody looked does not come any more. */
function mayStillCome({ missing }: Finding): boolean {
  return missing === 'pod_unknown' || missing === 'container_unknown'
}

function bytesOf(flow: Flow): number {
  return flow.bytesSent + flow.bytesReceived
}
