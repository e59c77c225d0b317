import type { Telemetry } from '../telemetry.ts'
import { dropReader } from './drops.ts'
import { KernelError } from './error.ts'
import { runIterator } from './iterator.ts'
import { loadLibbpf } from './libbpf.ts'
import { entryBuffer } from './map.ts'
import { loadObject } from './object.ts'
import { skippedRunsReader } from './skipped-runs.ts'
import { swappedMap } from './swapped-map.ts'
import { flowKey, flowValue } from './wire.gen.ts'

/** Packed `struct flow_key` and `struct flow_value`, as the kernel wrote them. Valid until the next drain. */
export type DrainedFlows = {
  readonly count: number
  readonly keys: DataView
  readonly values: DataView
}

/** The programs that count in the kernel. Disposing it detaches them; what was not drained is gone. */
export type Kernel = Disposable & {
  /**
   * Takes what was counted since the drain before, open connections included. After a KernelError the next drain
   * gives what this one did not. One drain at a time.
   */
  readonly drain: () => Promise<DrainedFlows>
}

export type KernelOptions = {
  /** Path of podatlas.bpf.o. */
  readonly bytecode: string
  /** Flows between two drains; those beyond fold into one per cgroup and role. */
  readonly maxFlows: number
  /** How many of the latter there may be. What has no room even there waits, or is counted as lost. */
  readonly maxOverflow?: number
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
}

// Two copies of one program: bpf/tcp_state.bpf.c says why.
const STATE_PROGRAMS = ['tcp_state', 'tcp_state_twin']

/** Loads and attaches the programs: from now on connections are counted. Throws KernelError. */
export function openKernel({
  bytecode,
  maxFlows,
  maxOverflow = 4096,
  telemetry,
  log,
}: KernelOptions): Kernel {
  using onFailure = new DisposableStack()
  const maxEntries = {
    flows_a: maxFlows,
    flows_b: maxFlows,
    overflow_a: maxOverflow,
    overflow_b: maxOverflow,
  }
  const object = onFailure.use(loadObject({ bytecode, maxEntries, log }))
  const libbpf = loadLibbpf()
  const maps = ['flows', 'overflow'].map(name => ({
    name,
    swapped: swappedMap(libbpf, {
      outer: object.mapFd(name),
      inner: [object.mapFd(`${name}_a`), object.mapFd(`${name}_b`)],
    }),
  }))
  telemetry.kernelMapCapacity.set({ map: 'flows' }, maxFlows)
  telemetry.kernelMapCapacity.set({ map: 'overflow' }, maxOverflow)
  const readDrops = dropReader(libbpf, object.mapFd('drops'), telemetry)
  const readSkippedRuns = STATE_PROGRAMS.map(program =>
    skippedRunsReader(object, program, telemetry),
  )
  const entries = entryBuffer(libbpf, flowKey.size, flowValue.size)

  for (const program of STATE_PROGRAMS) object.attach(program)
  const liveLink = object.attachIterator('live', 'sockets')

  const owned = onFailure.move()
  let isRunning = false
  let isClosed = false
  // What a drain had read when it failed is in no map any more: it is kept for the next one.
  let isHandedOver = true

  async function takeFlows(): Promise<DrainedFlows> {
    if (isHandedOver) entries.clear()
    isHandedOver = false
    await runIterator(libbpf, liveLink)
    for (const { name, swapped } of maps) {
      const resting = await swapped.swap()
      const before = entries.count()
      entries.moveFrom(resting)
      telemetry.kernelMapEntries.set({ map: name }, entries.count() - before)
    }
    readDrops()
    for (const read of readSkippedRuns) read()
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
