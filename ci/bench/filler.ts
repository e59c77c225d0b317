import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAPS } from '../../agent/kernel/object/inventory.ts'
import type { Programs } from '../../agent/kernel/programs.ts'
import { bpftool, mountBpffs } from './bpftool.ts'
import { fillProgram } from './bytecode.ts'

export type Filler = Disposable & {
  /** Counts into so many flows of their own, by the code with which the programs count. */
  readonly fill: (flows: number) => void
}

/** Loads ci/bench/bpf/fill.bpf.c over the maps of the installed programs. */
export function loadFiller(programs: Pick<Programs, 'mapFd'>): Filler {
  using stack = new DisposableStack()
  using bytecode = fillProgram()
  const { path } = stack.use(mountBpffs())
  const shared = MAPS.map(({ name }) => name).filter(name => /^(flows|overflow|drops)/.test(name))
  const maps = shared.flatMap(name => ['map', 'name', name, 'id', mapId(programs.mapFd(name))])
  bpftool('prog', 'load', bytecode.path, join(path, 'fill'), ...maps)

  // An XDP program that is run by hand wants a packet.
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const packet = join(folder, 'packet')
  writeFileSync(packet, new Uint8Array(64))
  const owned = stack.move()
  return {
    fill: flows => {
      const words = ['data_in', packet, 'repeat', `${flows}`]
      bpftool('prog', 'run', 'pinned', join(path, 'fill'), ...words)
    },
    [Symbol.dispose]: () => owned.dispose(),
  }
}

function mapId(fd: number): string {
  const facts = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  return /^map_id:\s+(\d+)/m.exec(facts)?.[1] ?? ''
}
