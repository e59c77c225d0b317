import { interleave } from './interleave.ts'
import type { Bench } from './result.ts'
import { startPingPong } from './transactions.ts'

/** A request and a response of one byte each on an open connection, both ends on one CPU. */
export const benchTcpRr: Bench = async ({ isSmall, print }) => {
  const count = isSmall ? 200 : 10_000
  const pairs = isSmall ? 1 : 20
  await using pingPong = await startPingPong('rr', count)
  const ways = {
    podatlas: pingPong.counted(),
    cgroupSkbEmpty: pingPong.perPacket('empty'),
    cgroupSkbHash: pingPong.perPacket('hash'),
  }
  const compared = await interleave(pingPong.unwatched, ways, pairs)
  const [ours, empty, hash] = [
    compared.of('podatlas'),
    compared.of('cgroupSkbEmpty'),
    compared.of('cgroupSkbHash'),
  ]
  print({
    bench: 'tcp-rr',
    metric: 'time of a transaction, UDP off',
    unit: '× off',
    measured: ours.ratio.median,
    goal: { atMost: 1.005 },
    limit: '1.000, the kernel counts already',
    spread: ours.ratio,
    noise: compared.noise.ratio,
    details: {
      pairs,
      transactions: count,
      off: compared.baseline,
      offAgain: compared.noise,
      podatlas: ours,
      cgroupSkbEmpty: empty,
      cgroupSkbHash: hash,
    },
  })
  print({
    bench: 'tcp-rr',
    metric: 'added time, of what cgroup_skb + LRU hash adds',
    unit: '×',
    measured: ours.added.median / hash.added.median,
    goal: { atMost: 0.1 },
    limit: '0',
    noise: compared.noise.ratio,
    details: { addedNs: ours.added, hashAddedNs: hash.added },
  })
}
