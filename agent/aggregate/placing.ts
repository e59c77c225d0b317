import type { AttributedFlow, Labels } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Decisions, Part } from './decisions.ts'
import type { LiveTargets } from './live-targets.ts'
import { ALWAYS, type Groups, type MetricGroups } from './metric-groups.ts'
import type { SeriesStore } from './series-store.ts'
import { STEPS, type Step, type TargetNames } from './targets.ts'

/**
 * Counts flows step by step: at each, first is decided who has series, then what belongs to these is
 * counted, and what is left goes on to the next. So each number is counted once, and nothing in a
 * series that ends in the same tick. The last step has room for everything.
 */
export function placing(parts: {
  readonly names: TargetNames
  readonly metricGroups: MetricGroups
  readonly live: LiveTargets
  readonly decide: Decisions
  readonly store: SeriesStore
  readonly telemetry: Pick<Telemetry, 'foldedBytes' | 'foldedSignals' | 'foldedTargets'>
}) {
  const { names, metricGroups, live, decide, store, telemetry } = parts

  /** `common` are the labels of every target born in this tick. */
  return (flows: readonly AttributedFlow[], tick: number, common: Labels): void => {
    let waiting = flows.map(flow =>
      partOf(flow, metricGroups.occurringIn(flow), names.firstStep(flow)),
    )
    for (const step of STEPS) {
      const here = waiting.filter(part => part.step === step)
      waiting = waiting.filter(part => part.step !== step)
      decide(step, here, common)
      const folded = new Set<string>()
      for (const part of here) {
        const counted = count(part, tick)
        const left = part.groups & ~counted
        if (left === 0) continue
        if ((counted & ALWAYS) === 0) folded.add(part.key)
        else telemetry.foldedSignals.inc()
        waiting.push(partOf(part.flow, left, names.stepAfter(part.flow, step)))
      }
      if (step === 'exact') telemetry.foldedTargets.set(folded.size)
    }
  }

  function partOf(flow: AttributedFlow, groups: Groups, step: Step): Part {
    return { flow, groups, step, key: names.keyOf(flow, step) }
  }

  /** Gives what has been counted. */
  function count({ flow, groups, step, key }: Part, tick: number): Groups {
    const target = live.at(step).get(key)
    const counted = target ? groups & target.groups : 0
    if (!target || counted === 0) return 0
    store.add(target.firstSlot, counted, flow, tick)
    target.lastTick = tick
    if ((counted & ALWAYS) > 0 && names.isFolded(flow, step))
      telemetry.foldedBytes.inc({ step }, flow.bytesSent + flow.bytesReceived)
    return counted
  }
}
