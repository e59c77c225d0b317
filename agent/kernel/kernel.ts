import type { Telemetry } from '../telemetry.ts'
import { dropReader, openDrops } from './tables/drops.ts'
import { KernelError } from './system/error.ts'
import { openFlowTable } from './tables/flow-table.ts'
import { FLOW_TABLES } from './object/inventory.ts'
import { runIterator } from './system/iterator.ts'
import { loadLibbpf } from './system/libbpf.ts'
import { holderSearch } from './process/process-holders.ts'
import type { Programs } from './object/descriptors.ts'
import { reportPrograms } from './report.ts'
import { swappedMap } from './tables/swapped-map.ts'

/** So many `struct flow_slot`, as the kernel wrote them. */
export type DrainedFlows = {
  readonly count: number
  /** The same as long as they are not released, and that of nothing else. */
  readonly name: string
  /** Valid until they are released, the next drain begins, or the kernel is disposed. */
  readonly entries: DataView
  /**
   * Takes them out of the kernel. What is not released is given again, by the drain after the next
   * one or by the next agent, together with what was counted meanwhile.
   */
  readonly release: () => void
}

/** What the programs count in the kernel. Disposing it detaches them; what was not drained is gone. */
export type Kernel = Disposable & {
  /**
   * Gives what was counted since the drain before, open connections included. After a KernelError later drains
   * give what this one did not. One drain at a time.
   */
  readonly drain: () => Promise<DrainedFlows>
  /** Names of what is in the kernel at the start: an earlier agent did not release it, whether or not it was given. */
  readonly unreleased: readonly string[]
}

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
  const [a, b] = FLOW_TABLES
  const inner = [programs.mapFd(a), programs.mapFd(b)] as const
  const flows = swappedMap(libbpf, { outer: programs.mapFd('flows'), inner })
  const tables = inner.map(fd => onFailure.use(openFlowTable(fd, programs.sizes)))
  const unreleased = tables.map(table => table.contentName())
  const drops = onFailure.use(openDrops(programs.mapFd('drops')))
  const reportedDrops = dropReader(drops.bytes, telemetry)
  const reportEntries = entriesReporter(programs.sizes, telemetry)
  const readRuns = reportPrograms(programs, telemetry)
  const findHolders = holderSearch(programs, telemetry)

  const owned = onFailure.move()
  let isRunning = false
  let isClosed = false
  let drains = 0

  async function takeFlows(): Promise<DrainedFlows> {
    const drain = ++drains
    await findHolders()
    await runIterator(libbpf, programs.linkFd('live'))
    const resting = tables[await flows.swap()]
    reportedDrops.read()
    readRuns()
    const count = resting?.count() ?? 0
    reportEntries(count)
    return {
      count,
      name: resting?.contentName() ?? '',
      entries: resting?.entries() ?? new DataView(new ArrayBuffer(0)),
      // A later drain may have made it the live table again: then it goes on with these entries.
      release: () => {
        if (drain !== drains || isClosed) return
        resting?.clear()
        reportedDrops.confirm()
      },
    }
  }

  return {
    unreleased,
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

function entriesReporter(
  { maxFlows, maxOverflow }: Programs['sizes'],
  { kernelMapEntries, kernelMapCapacity }: Telemetry,
): (count: number) => void {
  kernelMapCapacity.set({ map: 'flows' }, maxFlows)
  kernelMapCapacity.set({ map: 'overflow' }, maxOverflow)
  return count => {
    kernelMapEntries.set({ map: 'flows' }, Math.min(count, maxFlows))
    kernelMapEntries.set({ map: 'overflow' }, Math.max(count - maxFlows, 0))
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
