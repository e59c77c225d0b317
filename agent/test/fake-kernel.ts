import type { DrainedFlows, Kernel } from '../kernel/kernel.ts'
import recorded from './recorded-drain.json' with { type: 'json' }

/** The cgroup whose bytes `record-drain.ts` recorded. */
export const RECORDED_CGROUP = 0x07_d1

/** What a real kernel gave at one drain: two connections over loopback, each seen from both ends. */
export function recordedDrain(): DrainedFlows {
  const { keys, values } = recorded
  return { count: keys.length, keys: viewOf(keys), values: viewOf(values) }
}

/** Gives one answer per drain, an error by throwing it; when they are used up, nothing was counted. */
export function fakeKernel(answers: readonly (DrainedFlows | Error)[]): Pick<Kernel, 'drain'> {
  const waiting = [...answers]
  return {
    drain: () => {
      const answer = waiting.shift()
      if (answer instanceof Error) return Promise.reject(answer)
      return Promise.resolve(answer ?? { count: 0, keys: viewOf([]), values: viewOf([]) })
    },
  }
}

function viewOf(hex: readonly string[]): DataView {
  const bytes = Uint8Array.from(Buffer.from(hex.join(''), 'hex'))
  return new DataView(bytes.buffer)
}
