import { makeCgroup, type Cgroup } from './cgroup.ts'
import { requireEqual, settle, startCounting } from './counting.ts'
import type { Measure } from './interleave.ts'
import { countUdp } from './count-udp.ts'
import { startNative, type Counts, type Native } from './native.ts'
import { loadPacketPrograms, type PacketPrograms } from './packets.ts'

/** A ping-pong on one CPU in a cgroup of its own, and ways to watch it. */
export type PingPong = AsyncDisposable & {
  readonly cgroup: Cgroup
  readonly unwatched: Measure
  readonly counted: (bytecode?: string) => Measure
  /** With programs that need not count right. */
  readonly watched: (bytecode: string) => Measure
  /** UDP is counted as well: in this cgroup, or in others only. */
  readonly countedWithUdp: (isInCgroup: boolean) => Measure
  readonly perPacket: (pair: 'empty' | 'hash') => Measure
}

/** Each measurement is the nanoseconds of one transaction, taken over `count` of them. */
export async function startPingPong(mode: 'rr' | 'crr', count: number): Promise<PingPong> {
  await using stack = new AsyncDisposableStack()
  const cgroup = stack.use(makeCgroup())
  const native: Native = stack.use(startNative(['ping-pong', cgroup.path]))
  const packets: PacketPrograms = stack.use(loadPacketPrograms())
  const owned = stack.move()

  async function exchange(): Promise<Counts> {
    await settle()
    return native.traffic(`${mode} ${count}`)
  }
  return {
    cgroup,
    unwatched: async () => (await exchange()).ns / count,
    counted: bytecode => async () => {
      using counting = startCounting({ bytecode })
      const counts = await exchange()
      requireEqual(await counting.take(cgroup.id), counts)
      return counts.ns / count
    },
    watched: bytecode => async () => {
      using loaded = new DisposableStack()
      loaded.use(startCounting({ bytecode }))
      return (await exchange()).ns / count
    },
    countedWithUdp: isInCgroup => async () => {
      using counting = startCounting({ udp: 'auto' })
      using udp = countUdp(counting.programs, cgroup)
      if (isInCgroup) udp.attach()
      const counts = await exchange()
      requireEqual(await counting.take(cgroup.id), counts)
      return counts.ns / count
    },
    perPacket: pair => async () => {
      using attached = new DisposableStack()
      attached.use(packets.attach(pair, cgroup.path))
      // With a connection per transaction the hash overflows and forgets: its count says nothing.
      const isChecked = pair === 'hash' && mode === 'rr'
      const before = isChecked ? packets.counted() : 0
      const { ns } = await exchange()
      // A request and a response pass both directions each.
      if (isChecked && packets.counted() - before < 4 * count)
        throw new Error('the programs per packet have not seen every packet')
      return ns / count
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
