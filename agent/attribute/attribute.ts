import type { AttributedFlow, Flow, Owner } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'
import type { CgroupTree } from './cgroup-tree.ts'
import type { PodNames } from './pod-names.ts'

export type AttributionParts = {
  readonly cgroups: Pick<CgroupTree, 'scan' | 'ownerOf'>
  /** Absent without Kubernetes: then a container is known by its short id. */
  readonly pods?: Pick<PodNames, 'get'>
  readonly telemetry: Pick<Telemetry, 'unattributedBytes' | 'heldBytes'>
  /** How long a flow waits for the name of its pod or container at most. */
  readonly holdMs?: number
  /** How many flows wait at most. */
  readonly maxHeld?: number
}

export type Attribution = {
  /**
   * Says who owns each flow. A flow whose pod has no name yet is held back and comes out of a later
   * call, so that a new pod does not appear twice. No byte is lost: what goes in comes out or is held.
   */
  readonly attribute: (flows: readonly Flow[], nowMs: number) => AttributedFlow[]
  /** All flows that are held back, with the owner as far as it is known. */
  readonly flush: (nowMs: number) => AttributedFlow[]
}

/** An owner and, if it is not complete, what is missing. */
type Finding = {
  readonly owner: Owner
  readonly missing?: 'cgroup_unknown' | 'pod_unknown' | 'container_unknown'
}

const SHORT_ID_DIGITS = 12

export function attribution(parts: AttributionParts): Attribution {
  const { cgroups, pods, telemetry, holdMs = 30_000, maxHeld = 20_000 } = parts
  let held: { readonly flow: Flow; readonly sinceMs: number }[] = []

  function attribute(flows: readonly Flow[], nowMs: number, longestMs: number): AttributedFlow[] {
    const findings = new Map<number, Finding>()
    const attributed: AttributedFlow[] = []
    const waiting = held
    held = []
    for (const { flow, sinceMs } of waiting) place(flow, sinceMs)
    for (const flow of flows) place(flow, nowMs)
    telemetry.heldBytes.set(held.reduce((sum, { flow }) => sum + bytesOf(flow), 0))
    return attributed

    function place(flow: Flow, sinceMs: number): void {
      const { owner, missing } = findingOf(flow.cgroupId)
      let reason: string | undefined = missing
      // The name of a cgroup that was gone before anybody looked does not come any more.
      if (missing !== undefined && missing !== 'cgroup_unknown' && nowMs - sinceMs < longestMs) {
        if (held.length < maxHeld) {
          held.push({ flow, sinceMs })
          return
        }
        reason = 'hold_full'
      }
      if (reason !== undefined) telemetry.unattributedBytes.inc({ reason }, bytesOf(flow))
      attributed.push({ ...flow, owner })
    }

    function findingOf(cgroupId: number): Finding {
      let finding = findings.get(cgroupId)
      if (finding === undefined) {
        finding = find(cgroups, pods, cgroupId, nowMs)
        findings.set(cgroupId, finding)
      }
      return finding
    }
  }

  return {
    attribute: (flows, nowMs) => {
      // After the drain: whatever cgroup its flows came from is in the tree, unless it is gone.
      cgroups.scan(nowMs)
      return attribute(flows, nowMs, holdMs)
    },
    flush: nowMs => attribute([], nowMs, 0),
  }
}

function find(
  cgroups: Pick<CgroupTree, 'ownerOf'>,
  pods: Pick<PodNames, 'get'> | undefined,
  cgroupId: number,
  nowMs: number,
): Finding {
  const cgroup = cgroups.ownerOf(cgroupId, nowMs)
  if (cgroup === undefined) return { owner: {}, missing: 'cgroup_unknown' }
  if (cgroup.kind === 'root') return { owner: {} }
  if (cgroup.kind === 'unit') return { owner: { container: cgroup.unit } }

  const containerId = cgroup.kind === 'container' ? cgroup.containerId : undefined
  const shortId = containerId?.slice(0, SHORT_ID_DIGITS)
  const byId = shortId === undefined ? {} : { container: shortId }
  if (cgroup.podUid === undefined || pods === undefined) return { owner: byId }

  const pod = pods.get(cgroup.podUid)
  if (pod === undefined) return { owner: byId, missing: 'pod_unknown' }
  const names = { namespace: pod.namespace, pod: pod.pod }
  if (containerId === undefined) return { owner: names }
  const container = pod.containers.get(containerId)
  if (container === undefined) return { owner: { ...names, ...byId }, missing: 'container_unknown' }
  return { owner: { ...names, container } }
}

function bytesOf(flow: Flow): number {
  return flow.bytesSent + flow.bytesReceived
}
