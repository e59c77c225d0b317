import { setTimeout as sleep } from 'node:timers/promises'
import { startMeasuredAgent } from './agent-load.ts'
import { naiveTicks } from './naive-tick.ts'
import type { Bench } from '../result.ts'

const INTERVAL_S = 10
const SETTLE_MS = 35_000

/**
 * CPU time of the agent with 10,000 live series at its default interval, all of it; and beside, at the
 * same time, that of a tick as one would write it first, without what surrounds it in an agent.
 */
export const benchAgentCpu: Bench = async ({ isSmall, print }) => {
  const series = isSmall ? 240 : 10_000
  const seconds = isSmall ? 1 : 120
  await using agent = await startMeasuredAgent(`${INTERVAL_S}s`)
  const load = await agent.load(series)
  // Past its first ticks, in which V8 compiles.
  await sleep(isSmall ? 1.5 * INTERVAL_S * 1_000 : SETTLE_MS)
  const before = agent.process.cpuSeconds()
  const naiveTicking = naiveTicks({
    series,
    ticks: isSmall ? 1 : seconds / INTERVAL_S,
    everyMs: isSmall ? 0 : INTERVAL_S * 1_000,
  })
  await sleep(seconds * 1_000)
  const cores = (agent.process.cpuSeconds() - before) / seconds
  const naive = await naiveTicking
  const alive = await agent.metric('podatlas_agent_series')
  if (alive < series) throw new Error(`${alive} series are alive, there should be ${series}`)
  await load[Symbol.asyncDispose]()
  print({
    bench: 'agent-cpu',
    metric: `CPU, every ${INTERVAL_S} s`,
    unit: 'core',
    measured: cores,
    goal: { atMost: 0.01 },
    limit: 'one read and one encoding per tick',
    details: { series: alive, seconds, naiveCores: naive.cpuSeconds.median / INTERVAL_S, naive },
  })
}
