import type { DrainedFlows, Kernel } from '../kernel/kernel.ts'
import { flowKey, flowSlot } from '../kernel/wire.gen.ts'
import recorded from './recorded-drain.json' with { type: 'json' }

/** The cgroup whose bytes `record-drain.ts` recorded. */
export const RECORDED_CGROUP = flowKey.cgroupId(drainOf(recorded).entries, flowSlot.key.offset)

/** What a real kernel gave at one drain: two connections over loopback, each seen from both ends. */
export function recordedDrain(release = () => {}): DrainedFlows {
  return { ...drainOf(recorded), name: 'recorded', release }
}

/** Gives one answer per drain, an error by throwing it; when they are used up, nothing was counted. */
export function fakeKernel(answers: readonly (DrainedFlows | Error)[]): Pick<Kernel, 'drain'> {
  const waiting = [...answers]
  return {
    drain: () => {
      const answer = waiting.shift()
      if (answer instanceof Error) return Promise.reject(answer)
      return Promise.resolve(answer ?? { ...drainOf([]), name: 'nothing', release: () => {} })
    },
  }
}

/** Entries as the kernel has them, from keys and values in hex. */
export function drainOf(flows: readonly { key: string; value: string }[]) {
  const bytes = Buffer.alloc(flows.length * flowSlot.size)
  for (const [index, { key, value }] of flows.entries()) {
    bytes.write(key, index * flowSlot.size + flowSlot.key.offset, 'hex')
    bytes.write(value, index * flowSlot.size + flowSlot.value.offset, 'hex')
  }
  return { count: flows.length, entries: new DataView(Uint8Array.from(bytes).buffer) }
}
