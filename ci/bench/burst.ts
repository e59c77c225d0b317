import { setTimeout as sleep } from 'node:timers/promises'
import { withEmptyStatePrograms } from './bytecode.ts'
import { makeCgroup, type Cgroup } from './cgroup.ts'
import { requireEqual, settle, startCounting, type Counting } from './counting.ts'
import { startNative, type Counts, type Native } from './native.ts'
import { keepStatistics, programTimes, since, STATE_PROGRAMS } from './program-times.ts'
import type { Bench } from './result.ts'
import { oddAgainstEven, spreadOf } from './spread.ts'

const RATES = [500, 2_000, 10_000]
const DRAIN_EVERY_MS = 500

/**
 * Short connections to 500 addresses at a steady pace: 200 bytes there, 5,000 back, drained twice a
 * second meanwhile. Every byte must be reported. What the programs took is the kernel's own
 * measurement, both ends together, against programs that return at once.
 */
export const benchBurst: Bench = async ({ isSmall, print }) => {
  const rounds = isSmall ? 1 : 10
  const seconds = isSmall ? 0.2 : 1
  await using cgroup = makeCgroup()
  await using traffic = startNative(['paced', cgroup.path])
  using empty = withEmptyStatePrograms()
  using stack = new DisposableStack()
  stack.use(keepStatistics())
  for (const rate of RATES) {
    const line = `0 ${rate} ${seconds}`
    const taken: Burst[] = []
    const floor: Burst[] = []
    for (let round = 0; round < rounds; round++) {
      const turns = [
        async () => taken.push(await runBurst({ line, traffic, cgroup })),
        async () => floor.push(await runBurst({ line, traffic, cgroup, bytecode: empty.path })),
      ]
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn()
    }
    const spread = spreadOf(taken.map(({ ns }) => ns))
    const total = (read: (burst: Burst) => number) =>
      taken.reduce((sum, burst) => sum + read(burst), 0)
    print({
      bench: 'burst',
      metric: `kernel programs per connection at ${rate}/s`,
      unit: 'ns',
      measured: spread.median,
      goal: { atMost: 1_500 },
      limit: `${Math.round(spreadOf(floor.map(({ ns }) => ns)).median)} ns, programs that return at once`,
      spread,
      noise: spreadOf([oddAgainstEven(taken.map(({ ns }) => ns))]),
      details: {
        rounds,
        connections: total(({ counts }) => counts.client.opened),
        connectionsPerSecond:
          total(({ counts }) => counts.client.opened) / (total(({ counts }) => counts.ns) / 1e9),
        runsPerConnection: spreadOf(taken.map(({ runs }) => runs)).median,
        emptyProgramsNs: spreadOf(floor.map(({ ns }) => ns)),
        payloadBytes: total(({ counts }) => counts.client.sent + counts.client.received),
        iteratorNsPerDrain: spreadOf(taken.map(({ walkNs }) => walkNs)),
      },
    })
  }
}

/** Per connection: nanoseconds in the programs and how often they ran. */
type Burst = {
  readonly ns: number
  readonly runs: number
  readonly walkNs: number
  readonly counts: Counts
}

type BurstOptions = {
  readonly line: string
  readonly traffic: Native
  readonly cgroup: Cgroup
  /** Absent: podatlas as it is, and what it counts must be right. */
  readonly bytecode?: string
}

async function runBurst({ line, traffic, cgroup, bytecode }: BurstOptions): Promise<Burst> {
  using counting = startCounting({ bytecode })
  await settle()
  const times = () => programTimes(counting.programs, STATE_PROGRAMS)
  const before = times()
  const counts = await whileDraining(counting, traffic.traffic(line))
  const spent = since(before, times())
  const walks = programTimes(counting.programs, ['live'])
  const counted = await counting.take(cgroup.id)
  if (bytecode === undefined) requireEqual(counted, counts)
  const connections = counts.client.opened
  return {
    ns: spent.ns / connections,
    runs: spent.runs / connections,
    walkNs: walks.ns / Math.max(counting.drains(), 1),
    counts,
  }
}

async function whileDraining<Answer>(counting: Counting, answer: Promise<Answer>): Promise<Answer> {
  const wrapped = answer.then(value => ({ value }))
  for (;;) {
    const answered = await Promise.race([wrapped, sleep(DRAIN_EVERY_MS)])
    if (answered) return answered.value
    await counting.drain()
  }
}
