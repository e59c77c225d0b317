import { setTimeout as sleep } from 'node:timers/promises'
import type { aggregation } from './aggregate/aggregate.ts'
import type { ownMetrics } from './aggregate/own-metrics.ts'
import type { Attribution } from './attribute/attribute.ts'
import { decodeFlows } from './drain/flows.ts'
import type { Kernel } from './kernel/kernel.ts'
import type { Flow } from './model.ts'
import type { Vitals } from './server.ts'
import type { OpenSink } from './sinks/sink.ts'
import type { Telemetry } from './telemetry.ts'
import { messageOf } from './message-of.ts'

export type PipelineParts = {
  readonly kernel: Pick<Kernel, 'drain'>
  readonly attribution: Attribution
  readonly aggregate: ReturnType<typeof aggregation>
  readonly ownSamples: ReturnType<typeof ownMetrics>
  readonly sink: Pick<OpenSink, 'offer'>
  readonly intervalMs: number
  /** Called before the second tick and then now and again: what the tick before left is garbage by then. */
  readonly returnMemory?: () => void
  readonly telemetry: Pick<Telemetry, 'drainFailures'>
  readonly warn: (key: string, line: string) => void
}

export type Pipeline = {
  /** Ticks until the signal, then once more, so that nothing counted stays behind. */
  readonly run: (stop: AbortSignal) => Promise<void>
  readonly vitals: () => Vitals
}

/** The first samples come soon after the start: who has just started the agent is waiting for them. */
const FIRST_TICK_MS = 500
/** A minute's ticks at the default interval. */
const TICKS_PER_RETURN = 6

/** drain → attribute → aggregate → sinks, one tick after the other, at multiples of the interval. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { kernel, attribution, aggregate, ownSamples, sink, intervalMs, telemetry, warn } = parts
  let isReady = false
  let lastTickMs = Date.now()

  async function tick(isLast: boolean): Promise<void> {
    const { flows, name, release } = await drain()
    const nowMs = Date.now()
    // Names are waited for, and kept, by a clock that takes no steps.
    const uptimeMs = performance.now()
    const attributed = attribution.attribute(flows, uptimeMs)
    if (isLast) attributed.push(...attribution.flush(uptimeMs))
    const traffic = aggregate(attributed, nowMs)
    const own = ownSamples(nowMs)
    // Till it is released the kernel keeps it: what an agent dies with, the next one finds, and takes it
    // out of the spools. Nothing waits in between, so that no sink sends what is not released.
    for (const samples of [...traffic, ...own]) sink.offer(samples, name)
    release()
    lastTickMs = nowMs
  }

  /** What a failed drain did not bring, the next one brings. */
  async function drain(): Promise<{ flows: Flow[]; name?: string; release: () => void }> {
    try {
      const drained = await kernel.drain()
      const flows = decodeFlows(drained)
      isReady = true
      return { flows, name: drained.name, release: drained.release }
    } catch (error) {
      telemetry.drainFailures.inc()
      warn('drain', messageOf(error))
      return { flows: [], release: () => {} }
    }
  }

  return {
    run: async stop => {
      await pause(FIRST_TICK_MS, stop)
      for (let number = 0; !stop.aborted; number++) {
        if (number % TICKS_PER_RETURN === 1) parts.returnMemory?.()
        await tick(false)
        await pause(untilNextTickMs(Date.now(), intervalMs), stop)
      }
      await tick(true)
    },
    vitals: () => ({ isReady, isAlive: Date.now() - lastTickMs < 3 * intervalMs + 10_000 }),
  }
}

/** Up to the next multiple of the interval, unless that is so near that nothing would have happened. */
function untilNextTickMs(nowMs: number, intervalMs: number): number {
  const restMs = intervalMs - (nowMs % intervalMs)
  return restMs < intervalMs / 10 ? restMs + intervalMs : restMs
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: stop })
  } catch {
    // Stopped: the caller looks at the signal.
  }
}
