import type { AttributedFlow, Labels } from '../model.ts'
import type { Admission } from './admission.ts'
import type { LiveTarget, LiveTargets } from './live-targets.ts'
import { ALWAYS, type Groups, type MetricGroups } from './metric-groups.ts'
import type { Local, Step, TargetNames } from './targets.ts'

/** A flow, or what of it has found no series yet, and where it looks for one. */
export type Part = {
  readonly flow: AttributedFlow
  readonly groups: Groups
  readonly step: Step
  readonly key: string
}

/** What a target of this step needs that it has not. */
type Growing = { readonly target: LiveTarget; readonly groups: Groups }
/** What this tick has for a target that is not there. */
type Newcomer = { readonly part: Part; readonly local: Local; size: number; groups: Groups }

export type Decisions = ReturnType<typeof decisions>

const HALF_LIFE_MS = 60_000

/** Gives series to whom they belong, at one step, as long as there are any. */
export function decisions(parts: {
  readonly names: TargetNames
  readonly metricGroups: MetricGroups
  readonly live: LiveTargets
  readonly admission: Admission
  readonly intervalMs: number
}) {
  const { names, metricGroups, live, admission, intervalMs } = parts
  const kept = 0.5 ** (intervalMs / HALF_LIFE_MS)

  return (step: Step, here: readonly Part[], common: Labels): void => {
    const newcomers = sortOut(step, here)
    const needing = growing(step)
    admission.begin(step)
    for (const { target, groups } of needing) {
      // It may have had to go for a bigger one.
      if (live.at(step).get(target.key) !== target) continue
      if (isAdmitted(step, groups, target.size, target.local.isPriority)) live.grow(target, groups)
    }
    for (const { part, local, size, groups } of newcomers.toSorted(byRank)) {
      if (!isAdmitted(step, groups, size, local.isPriority)) continue
      const labels = names.labelsOf(part.flow, step, common)
      live.grow(live.add({ key: part.key, step, labels, local, size }), groups)
    }
  }

  /** Tells the targets of the step what this tick has for them. Gives those that are not there yet. */
  function sortOut(step: Step, here: readonly Part[]): Newcomer[] {
    const newcomers = new Map<string, Newcomer>()
    for (const part of here) {
      const { flow, key, groups } = part
      const bytes = (groups & ALWAYS) === 0 ? 0 : flow.bytesSent + flow.bytesReceived
      const target = live.at(step).get(key)
      const newcomer = newcomers.get(key)
      if (target) {
        target.bytes += bytes
        target.wanted |= groups
      } else if (newcomer) {
        newcomer.size += bytes
        newcomer.groups |= groups
      } else {
        const local = names.localAt(flow, step)
        newcomers.set(key, { part, local, size: bytes, groups: groups | ALWAYS })
      }
    }
    return [...newcomers.values()]
  }

  /** Brings the sizes of the step's targets up to date. Gives those that need more series, the biggest first. */
  function growing(step: Step): Growing[] {
    const wanting: Growing[] = []
    for (const target of live.at(step).values()) {
      target.size = Math.max(target.bytes, target.size * kept)
      const groups = target.wanted & ~target.groups
      if (groups !== 0) wanting.push({ target, groups })
      target.bytes = 0
      target.wanted = 0
    }
    return wanting.toSorted((left, right) => right.target.size - left.target.size)
  }

  function isAdmitted(step: Step, groups: Groups, size: number, isPriority: boolean): boolean {
    return admission.hasRoom(step, metricGroups.seriesIn(groups), { size, isPriority })
  }
}

function byRank(left: Newcomer, right: Newcomer): number {
  const first = Number(right.local.isPriority) - Number(left.local.isPriority)
  return first || right.size - left.size
}
