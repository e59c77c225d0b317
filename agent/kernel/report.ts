import type { Telemetry } from '../telemetry.ts'
import { factsOf } from './system/fdinfo.ts'
import type { Programs } from './object/descriptors.ts'
import { socketTable } from './tables/socket-table.ts'

type Parts = Pick<
  Telemetry,
  | 'bpfRuns'
  | 'bpfRunSeconds'
  | 'kernelMapBytes'
  | 'kernelMapCapacity'
  | 'kernelMapEntries'
  | 'kernelOrigin'
  | 'kernelPinsUnavailable'
  | 'kernelSkippedRuns'
  | 'udpMode'
>

/**
 * Tells how the programs are installed. Gives a function that tells what their maps take now, and adds
 * what happened to each program since its last call. Throws KernelError.
 */
export function reportPrograms(programs: Programs, telemetry: Parts): () => void {
  const { origin, pins, udp, descriptors } = programs
  telemetry.kernelOrigin.set({ origin }, 1)
  telemetry.udpMode.set({ mode: udp }, 1)
  telemetry.kernelPinsUnavailable.set(pins === 'unavailable' ? 1 : 0)
  const sockets = socketTable(programs)
  telemetry.kernelMapCapacity.set({ map: 'sockets' }, sockets.capacity)
  const readers = Object.entries(descriptors.programs).map(([program, fd]) =>
    // What an agent before this one has told is not told again.
    runsReader(program, fd, origin === 'loaded' ? NOTHING : runsOf(fd), telemetry),
  )
  return () => {
    for (const [map, fd] of Object.entries(descriptors.maps))
      telemetry.kernelMapBytes.set({ map }, factsOf(fd)('memlock'))
    telemetry.kernelMapEntries.set({ map: 'sockets' }, sockets.count())
    for (const read of readers) read()
  }
}

type Runs = {
  /** These two only while kernel.bpf_stats_enabled is on: where it never was there are no series. */
  readonly count: number
  readonly ns: number
  /** Because the program ran already on that CPU. */
  readonly skipped: number
}

const NOTHING: Runs = { count: 0, ns: 0, skipped: 0 }

function runsReader(
  program: string,
  fd: number,
  first: Runs,
  { bpfRuns, bpfRunSeconds, kernelSkippedRuns }: Parts,
): () => void {
  let before = first
  return () => {
    const now = runsOf(fd)
    kernelSkippedRuns.inc({ program }, now.skipped - before.skipped)
    if (now.count > before.count) {
      bpfRuns.inc({ program }, now.count - before.count)
      bpfRunSeconds.inc({ program }, (now.ns - before.ns) / 1e9)
    }
    before = now
  }
}

function runsOf(fd: number): Runs {
  const fact = factsOf(fd)
  return { count: fact('run_cnt'), ns: fact('run_time_ns'), skipped: fact('recursion_misses') }
}
