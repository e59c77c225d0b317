import { interleave } from './interleave.ts'
import type { Bench } from './result.ts'
import { startPingPong } from './transactions.ts'

/** A request and a response of one byte each on an open connection, both ends on one CPU. */
export const benchTcpRr: Bench = async ({ isSmall, print }) => {
  const count = isSmall ? 200 : 20_000
  const pairs = isSmall ? 1 : 12
  await using pingPong = await startPingPong('rr', count)
  const ways = {
    podatlas: pingPong.counted(),
    podatlasUdpElsewhere: pingPong.countedWithUdp(false),
    podatlasUdpHere: pingPong.countedWithUdp(true),
    cgroupSkbEmpty: pingPong.perPacket('empty'),
    cgroupSkbHash: pingPong.perPacket('hash'),
  }
  const compared = await interleave(pingPong.unwatched, ways, pairs)
  const [ours, elsewhere, here] = [
    compared.of('podatlas'),
    compared.of('podatlasUdpElsewhere'),
    compared.of('podatlasUdpHere'),
  ]
  const [empty, hash] = [compared.of('cgroupSkbEmpty'), compared.of('cgroupSkbHash')]
  const shared = {
    bench: 'tcp-rr',
    noise: compared.noise.ratio,
    details: { pairs, transactions: count, off: compared.baseline },
  }
  print({
    ...shared,
    metric: 'time of a transaction, UDP off',
    unit: '× off',
    measured: ours.ratio.median,
    goal: { atMost: 1.005 },
    limit: '1.000, the kernel counts already',
    spread: ours.ratio,
  })
  print({
    ...shared,
    metric: 'added time, of what cgroup_skb + LRU hash adds',
    unit: '×',
    measured: ours.added.median / hash.added.median,
    goal: { atMost: 0.1 },
    limit: '0',
    details: { addedNs: ours.added, hashAddedNs: hash.added, hash: hash.ratio },
  })
  print({
    ...shared,
    metric: 'the same, UDP counted in other cgroups',
    unit: '× off',
    measured: elsewhere.ratio.median,
    goal: { atMost: 1.005 },
    limit: '1.000',
    spread: elsewhere.ratio,
  })
  print({
    ...shared,
    metric: 'the same, UDP counted in its cgroup',
    unit: '× off',
    measured: here.ratio.median,
    goal: { atMost: empty.ratio.median + 0.005 },
    limit: `${empty.ratio.median.toFixed(4)}, an empty program per packet`,
    spread: here.ratio,
    details: { empty },
  })
}
