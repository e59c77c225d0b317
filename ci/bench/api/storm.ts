import { setTimeout as sleep } from 'node:timers/promises'
import type { SimulatedCluster } from './collections.ts'
import { STATES, stateAt } from './life.ts'

type Storm = {
  readonly changesPerSecond: number
  readonly seconds: number
  /** The pods it is about. */
  readonly slots: readonly number[]
}

const EVERY_MS = 50

/** Lets pods change at a steady pace, each as often as the others on average. Resolves with how many changed. */
export async function storm(
  cluster: SimulatedCluster,
  { changesPerSecond, seconds, slots }: Storm,
): Promise<number> {
  const startMs = performance.now()
  let done = 0
  for (const total = changesPerSecond * seconds; done < total; await sleep(EVERY_MS)) {
    const due = Math.min(((performance.now() - startMs) / 1_000) * changesPerSecond, total)
    // A step of about the golden ratio visits all slots, far from one another.
    for (; done < due; done++)
      cluster.change(slots[(done * stepFor(slots.length)) % slots.length] ?? 0)
  }
  return done
}

/** Lets pods change until all of them run. */
export function calm(cluster: SimulatedCluster, slots: readonly number[]): void {
  for (const slot of slots)
    while (stateAt(cluster.pods.history.stepOf(slot)) !== STATES[0]) cluster.change(slot)
}

/** Has no divisor in common with the number of slots. */
function stepFor(count: number): number {
  let step = Math.max(1, Math.round(count * 0.618))
  while (hasCommonDivisor(step, count)) step++
  return step
}

function hasCommonDivisor(left: number, right: number): boolean {
  return right === 0 ? left !== 1 : hasCommonDivisor(right, left % right)
}
