import type { Telemetry } from '../telemetry.ts'
import { factsOf } from './fdinfo.ts'
import type { Programs } from './programs.ts'

type Parts = Pick<
  Telemetry,
  | 'bpfRuns'
  | 'bpfRunSeconds'
  | 'kernelMapBytes'
  | 'kernelOrigin'
  | 'kernelPinsUnavailable'
  | 'udpMode'
>

/**
 * Tells how the programs are installed. Gives a function that tells what their maps take now and adds
 * the programs' runs, and the time of these, since its last call: the kernel counts them only while
 * kernel.bpf_stats_enabled is on, and where it never was there are no series.
 */
export function reportPrograms(programs: Programs, telemetry: Parts): () => void {
  const { origin, pins, udp, descriptors } = programs
  telemetry.kernelOrigin.set({ origin }, 1)
  telemetry.udpMode.set({ mode: udp }, 1)
  telemetry.kernelPinsUnavailable.set(pins === 'unavailable' ? 1 : 0)
  const readers = Object.entries(descriptors.programs).map(([program, fd]) =>
    runsReader(program, fd, telemetry),
  )
  return () => {
    for (const [map, fd] of Object.entries(descriptors.maps))
      telemetry.kernelMapBytes.set({ map }, factsOf(fd)('memlock'))
    for (const read of readers) read()
  }
}

function runsReader(
  program: string,
  fd: number,
  { bpfRuns, bpfRunSeconds }: Pick<Parts, 'bpfRuns' | 'bpfRunSeconds'>,
): () => void {
  let before = runsOf(fd)
  return () => {
    const now = runsOf(fd)
    if (now.runs === before.runs) return
    bpfRuns.inc({ program }, now.runs - before.runs)
    bpfRunSeconds.inc({ program }, (now.ns - before.ns) / 1e9)
    before = now
  }
}

function runsOf(fd: number): { runs: number; ns: number } {
  const fact = factsOf(fd)
  return { runs: fact('run_cnt'), ns: fact('run_time_ns') }
}
