import { withEmptyStatePrograms, withOneCopy } from './bytecode.ts'
import { interleave } from './interleave.ts'
import type { Bench } from './result.ts'
import { startPingPong } from './transactions.ts'

/** Connect, one byte each way, close, both ends on one CPU. */
export const benchTcpCrr: Bench = async ({ isSmall, print }) => {
  const count = isSmall ? 100 : 4_000
  const pairs = isSmall ? 1 : 15
  using oneCopy = withOneCopy()
  using empty = withEmptyStatePrograms()
  await using pingPong = await startPingPong('crr', count)
  const ways = {
    podatlas: pingPong.counted(),
    oneCopy: pingPong.counted(oneCopy.path),
    emptyPrograms: pingPong.watched(empty.path),
    cgroupSkbHash: pingPong.perPacket('hash'),
  }
  const compared = await interleave(pingPong.unwatched, ways, pairs)
  const [ours, one] = [compared.of('podatlas'), compared.of('oneCopy')]
  print({
    bench: 'tcp-crr',
    metric: 'time of connect, 1 byte, close',
    unit: '× off',
    measured: ours.ratio.median,
    goal: { atMost: 1.03 },
    limit: `${compared.of('emptyPrograms').ratio.median.toFixed(4)}, programs that return at once`,
    spread: ours.ratio,
    noise: compared.noise.ratio,
    details: {
      pairs,
      connections: count,
      off: compared.baseline,
      offAgain: compared.noise,
      podatlas: ours,
      oneCopy: one,
      emptyPrograms: compared.of('emptyPrograms'),
      secondCopyNs: ours.added.median - one.added.median,
      cgroupSkbHash: compared.of('cgroupSkbHash'),
    },
  })
}
