import { setTimeout as sleep } from 'node:timers/promises'
import { startMeasuredAgent } from './agent-load.ts'
import { measureTicks } from './agent-ticks.ts'
import { startMeasured, type MeasuredProcess } from '../api/process.ts'
import type { Bench } from '../result.ts'
import { spreadOf } from '../spread.ts'

const GOAL_MB = 62
const GOAL_RATIO = 1.5
/** Of an hour, at the default interval of 10 s; here one a second. */
const TICKS_PER_HOUR = 360
const SETTLE_MS = 35_000
const EVERY_MS = 500

/**
 * Memory of the agent with 10,000 live series whose bytes all move in every tick, for as many ticks as
 * an hour has, against Node that does nothing; and that of its stages over a million ticks.
 */
export const benchAgentRss: Bench = async ({ isSmall, print }) => {
  const series = isSmall ? 240 : 10_000
  const ticks = isSmall ? 3 : TICKS_PER_HOUR
  const settleMs = isSmall ? 500 : SETTLE_MS
  await using bare = startMeasured(['-e', 'setInterval(() => {}, 1e6)'])
  await using agent = await startMeasuredAgent('1s')
  await sleep(settleMs)
  const beforeMb = agent.process.memoryMb()
  const load = await agent.load(series)
  // Its first second has the births of all series, which no other has.
  await sleep(2_000)
  const { resident, anonymous } = await watched(agent.process, ticks * 1_000)
  const alive = await agent.metric('podatlas_agent_series')
  if (alive < series) throw new Error(`${alive} series are alive, there should be ${series}`)
  const dropped = await agent.metric('podatlas_agent_sink_samples_dropped_total')
  if (dropped > 0) throw new Error(`${dropped} samples were dropped`)
  await load[Symbol.asyncDispose]()
  await sleep(settleMs)
  const afterMb = agent.process.memoryMb()
  const bareMb = bare.memoryMb()

  const details = { series: alive, ticks, anonymousMb: anonymous, beforeMb, afterMb, bareMb }
  const measured = resident.median
  print({
    bench: 'agent-rss',
    metric: 'resident memory under load',
    unit: 'MB',
    measured,
    goal: { atMost: GOAL_MB },
    limit: `${bareMb.resident.toFixed(1)} MB, Node that does nothing`,
    spread: resident,
    details,
  })
  print({
    bench: 'agent-rss',
    metric: 'the same, of bare Node',
    unit: '×',
    measured: measured / bareMb.resident,
    goal: { atMost: GOAL_RATIO },
    limit: '1',
    details: {},
  })
  const { tenthMb, wholeMb, ...about } = await measureTicks(isSmall ? 2_000 : 1_000_000)
  print({
    bench: 'agent-rss',
    metric: `after ${about.ticks} ticks, of that after a tenth`,
    unit: '×',
    measured: wholeMb / tenthMb,
    goal: { atMost: 1.05 },
    limit: '1',
    details: { tenthMb, wholeMb, ...about },
  })
}

/** The last half of the time counts: what grows shows there. */
async function watched(process: MeasuredProcess, forMs: number) {
  await sleep(forMs / 2)
  const seen = []
  for (let ms = 0; ms < forMs / 2; ms += EVERY_MS) {
    seen.push(process.memoryMb())
    await sleep(EVERY_MS)
  }
  return {
    resident: spreadOf(seen.map(each => each.resident)),
    anonymous: spreadOf(seen.map(each => each.anonymous)),
  }
}
