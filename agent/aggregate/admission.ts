import type { Telemetry } from '../telemetry.ts'
import type { SeriesBudget } from './budget.ts'
import type { evictionAllowance } from './eviction-allowance.ts'
import type { LiveTarget, LiveTargets } from './live-targets.ts'
import type { Step } from './targets.ts'

/** Who wants series: how big it is, in bytes per interval, and whether it ranks before all others. */
export type Claim = { readonly size: number; readonly isPriority: boolean }

export type Admission = ReturnType<typeof admission>

// A newcomer must exceed what goes for it so many times: two of one size would else replace each other for ever.
const CLEARLY = 2

/** Decides who has series of its own where there are not enough for all: the biggest by bytes. */
export function admission(parts: {
  readonly live: LiveTargets
  readonly budget: SeriesBudget
  readonly allowance: ReturnType<typeof evictionAllowance>
  readonly telemetry: Pick<Telemetry, 'evictedSeries'>
}) {
  const { live, budget, allowance, telemetry } = parts
  let smallestFirst: LiveTarget[] | undefined
  let gone = 0

  /** Whether so many series fit at this step, if need be in place of smaller targets, which end. */
  function hasRoom(step: Step, wanted: number, claim: Claim): boolean {
    const lacking = budget.lacking(step, wanted)
    if (lacking === 0) return true
    if (!allowance.hasSome()) return false
    smallestFirst ??= sorted(step)
    let [freed, size, upTo] = [0, 0, gone]
    while (freed < lacking) {
      const victim = smallestFirst[upTo++]
      if (!victim) return false
      size += victim.size
      if (!isClearlyBigger(claim, size, victim.local)) return false
      freed += live.seriesOf(victim)
    }
    for (const victim of smallestFirst.slice(gone, upTo)) evict(victim)
    allowance.spend(freed)
    gone = upTo
    return true
  }

  /** The sizes of the step's targets have changed. Ends the smallest exact ones if they stand in the way of containers. */
  function begin(step: Step): void {
    smallestFirst = undefined
    gone = 0
    let overdue = step === 'exact' ? budget.overdue() : 0
    if (overdue === 0) return
    for (const target of sorted(step)) {
      if (overdue <= 0) return
      overdue -= live.seriesOf(target)
      evict(target)
    }
  }

  function evict(target: LiveTarget): void {
    telemetry.evictedSeries.inc({ step: target.step }, live.seriesOf(target))
    live.end(target)
  }

  function sorted(step: Step): LiveTarget[] {
    return [...live.at(step).values()].toSorted(bySize)
  }

  return { begin, hasRoom }
}

function isClearlyBigger(
  claim: Claim,
  size: number,
  { isPriority }: { isPriority: boolean },
): boolean {
  if (claim.isPriority !== isPriority) return claim.isPriority
  return claim.size > CLEARLY * size
}

function bySize(left: LiveTarget, right: LiveTarget): number {
  return Number(left.local.isPriority) - Number(right.local.isPriority) || left.size - right.size
}
