import type { Telemetry } from '../telemetry.ts'
import { dropReader } from './drops.ts'
import { KernelError } from './error.ts'
import { runIterator } from './iterator.ts'
import { loadLibbpf } from './libbpf.ts'
import { entryBuffer } from './map.ts'
import type { Programs } from './programs.ts'
import { reportPrograms } from './report.ts'
import { skippedRunsReader } from './skipped-runs.ts'
import { swappedMap } from './swapped-map.ts'
import { flowKey, flowValue } from './wire.gen.ts'

/** Packed `struct flow_key` and `struct flow_value`, as the kernel wrote them. Valid until the next drain. */
export type DrainedFlows = {
  readonly count: number
  readonly keys: DataView
  readonly values: DataView
}

/** What the programs count in the kernel. Disposing it detaches them; what was not drained is gone. */
export type Kernel = Disposable & {
  /**
   * Takes what was counted since the drain before, open connections included. After a KernelError the next drain
   * gives what this one did not. One drain at a time.
   */
  readonly drain: () => Promise<DrainedFlows>
}

// Two copies of one program: bpf/tcp_state.bpf.c says why.
const STATE_PROGRAMS = ['tcp_state', 'tcp_state_twin']

export type KernelOptions = {
  /** The kernel takes them over: they are disposed with it. */
  readonly programs: Programs
  readonly telemetry: Telemetry
}

/** Reads what the programs count; uses their descriptors only, so it needs no capability. Throws KernelError. */
export function openKernel({ programs, telemetry }: KernelOptions): Kernel {
  using onFailure = new DisposableStack()
  onFailure.use(programs)
  const libbpf = loadLibbpf()
  const maps = ['flows', 'overflow'].map(name => ({
    name,
    swapped: swappedMap(libbpf, {
      outer: programs.mapFd(name),
      inner: [programs.mapFd(`${name}_a`), programs.mapFd(`${name}_b`)],
    }),
  }))
  telemetry.kernelMapCapacity.set({ map: 'flows' }, programs.sizes.maxFlows)
  telemetry.kernelMapCapacity.set({ map: 'overflow' }, programs.sizes.maxOverflow)
  const readDrops = dropReader(libbpf, programs.mapFd('drops'), telemetry)
  const readSkippedRuns = STATE_PROGRAMS.map(program =>
    skippedRunsReader(programs, program, telemetry),
  )
  const readRuns = reportPrograms(programs, telemetry)
  const entries = entryBuffer(libbpf, flowKey.size, flowValue.size)

  const owned = onFailure.move()
  let isRunning = false
  let isClosed = false
  // What a drain had read when it failed is in no map any more: it is kept for the next one.
  let isHandedOver = true

  async function takeFlows(): Promise<DrainedFlows> {
    if (isHandedOver) entries.clear()
    isHandedOver = false
    await runIterator(libbpf, programs.linkFd('live'))
    for (const { name, swapped } of maps) {
      const resting = await swapped.swap()
      const before = entries.count()
      entries.moveFrom(resting)
      telemetry.kernelMapEntries.set({ map: name }, entries.count() - before)
    }
    readDrops()
    for (const read of readSkippedRuns) read()
    readRuns()
    isHandedOver = true
    return { count: entries.count(), keys: entries.keys(), values: entries.values() }
  }

  return {
    drain: async () => {
      if (isClosed || isRunning) throw misuse(isClosed)
      isRunning = true
      try {
        return await takeFlows()
      } finally {
        isRunning = false
        if (isClosed) owned.dispose()
      }
    },
    // A drain that is under way still needs the descriptors: it closes them when it ends.
    [Symbol.dispose]: () => {
      isClosed = true
      if (!isRunning) owned.dispose()
    },
  }
}

function misuse(isClosed: boolean): KernelError {
  return isClosed
    ? new KernelError('cannot drain: the kernel is closed', {
        code: 'DRAIN',
        fix: 'Drain before it is disposed',
      })
    : new KernelError('cannot drain: a drain is under way', {
        code: 'DRAIN',
        fix: 'Wait for the drain before to end',
      })
}
