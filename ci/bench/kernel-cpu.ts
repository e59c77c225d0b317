import { makeCgroup } from './cgroup.ts'
import { requireEqual, settle, startCounting } from './counting.ts'
import { startNative } from './native.ts'
import { keepStatistics, programTimes, since, STATE_PROGRAMS } from './program-times.ts'
import type { Bench } from './result.ts'
import { oddAgainstEven, spreadOf } from './spread.ts'

const ON_OPEN_CONNECTIONS = 9_800
const ON_NEW_CONNECTIONS = 200
const DRAIN_EVERY_S = 10

/**
 * 10,000 transactions per second, 200 bytes there and 5,000 back: 98 % on 64 open connections, 2 %
 * on connections of their own. The share of one CPU that the programs take, by the kernel's
 * statistics, with one walk over the open sockets in ten seconds.
 */
export const benchKernelCpu: Bench = async ({ isSmall, print }) => {
  const rounds = isSmall ? 1 : 10
  const seconds = isSmall ? 0.2 : 3
  await using cgroup = makeCgroup()
  await using traffic = startNative(['paced', cgroup.path])
  using counting = startCounting()
  using stack = new DisposableStack()
  stack.use(keepStatistics())
  const shares: number[] = []
  const [state, walks]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    await settle()
    const times = () => programTimes(counting.programs, STATE_PROGRAMS)
    const walked = () => programTimes(counting.programs, ['live'])
    const [before, beforeWalk] = [times(), walked()]
    const running = traffic.traffic(`${ON_OPEN_CONNECTIONS} ${ON_NEW_CONNECTIONS} ${seconds}`)
    await new Promise(resolve => setTimeout(resolve, seconds * 500))
    await counting.drain()
    const walkNs = since(beforeWalk, walked()).ns
    const counts = await running
    const stateShare = since(before, times()).ns / counts.ns
    requireEqual(await counting.take(cgroup.id), counts)
    state.push(100 * stateShare)
    walks.push(walkNs)
    shares.push(100 * (stateShare + walkNs / (DRAIN_EVERY_S * 1e9)))
  }
  print({
    bench: 'kernel-cpu',
    metric: 'kernel programs at 10,000 transactions/s, of one CPU',
    unit: '%',
    measured: spreadOf(shares).median,
    goal: { atMost: 0.2 },
    limit: '~0',
    spread: spreadOf(shares),
    details: {
      rounds,
      seconds,
      newConnectionsPerSecond: ON_NEW_CONNECTIONS,
      statePercent: spreadOf(state),
      walkNs: spreadOf(walks),
      oddAgainstEven: oddAgainstEven(shares),
    },
  })
}
