import { setTimeout as sleep } from 'node:timers/promises'
import type { SimulatedNode } from './simulated-node.ts'

/** Waits until nothing waits any more in the sinks of these nodes. */
export async function untilTaken(nodes: readonly SimulatedNode[]): Promise<void> {
  while (nodes.some(node => node.waiting() > 0)) await sleep(20)
}
