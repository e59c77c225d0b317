import { join } from 'node:path'
import { z } from 'zod'
import { bpftool, mountBpffs } from './bpftool.ts'
import { packetPrograms } from './bytecode.ts'

export type PacketPrograms = Disposable & {
  /** Runs the pair of programs for each packet of the cgroup, until it is disposed. */
  readonly attach: (pair: 'empty' | 'hash', cgroup: string) => Disposable
  /** Packets that the hash has counted so far. */
  readonly counted: () => number
}

const Entries = z.array(
  z.object({ formatted: z.object({ value: z.object({ packets: z.number() }) }) }),
)
const directions = ['in', 'out'] as const

/** Loads the programs of ci/bench/bpf/packets.bpf.c, pinned in a file system of their own. */
export function loadPacketPrograms(): PacketPrograms {
  using stack = new DisposableStack()
  const folder = stack.use(mountBpffs()).path
  using bytecode = packetPrograms()
  bpftool(
    'prog',
    'loadall',
    bytecode.path,
    join(folder, 'programs'),
    'pinmaps',
    join(folder, 'maps'),
  )
  const owned = stack.move()

  const change = (verb: 'attach' | 'detach', pair: string, cgroup: string) => {
    for (const direction of directions) {
      const hook = direction === 'in' ? 'ingress' : 'egress'
      const program = join(folder, 'programs', `${pair}_${direction}`)
      // Those of podatlas allow others beside them, and then all have to.
      const flags = verb === 'attach' ? ['multi'] : []
      bpftool('cgroup', verb, cgroup, hook, 'pinned', program, ...flags)
    }
  }
  return {
    attach: (pair, cgroup) => {
      change('attach', pair, cgroup)
      return { [Symbol.dispose]: () => change('detach', pair, cgroup) }
    },
    counted: () => {
      const dump = bpftool('--json', 'map', 'dump', 'pinned', join(folder, 'maps/packets'))
      const entries = Entries.parse(JSON.parse(dump))
      return entries.reduce((sum, { formatted }) => sum + formatted.value.packets, 0)
    },
    [Symbol.dispose]: () => owned.dispose(),
  }
}
