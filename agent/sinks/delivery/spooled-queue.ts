import type { Samples } from '../../model.ts'
import type { Telemetry } from '../../telemetry.ts'
import { memoryQueue, type OnDrop, type SampleQueue } from '../sample-queue.ts'
import { folderFault, isFull, type SpoolPlace } from '../spool/folder.ts'
import { openSpool, type Spool } from '../spool/spool.ts'
import { messageOf } from '../../message-of.ts'

export type SpooledQueueParts = {
  readonly place: SpoolPlace
  /** Samples in memory at most. */
  readonly limit: number
  readonly name: string
  readonly telemetry: Telemetry
  readonly onDrop: OnDrop
  /** Failures of the disk; one line a minute. */
  readonly warn: (line: string) => void
}

/**
 * On disk as soon as it is offered; in memory as long as the disk takes nothing. What could not be
 * written is younger than all that is on disk, and follows it there once the disk takes it.
 * Throws for a folder that cannot be used.
 */
export function spooledQueue(parts: SpooledQueueParts): SampleQueue {
  const { place, limit, name, telemetry, onDrop, warn } = parts
  const unspooled = memoryQueue(limit, onDrop)
  const drainOf = new WeakMap<Samples, string>()
  let isSpooledInHand = false
  let spool: Spool | undefined
  telemetry.sinkSpoolCapacity.set({ sink: name }, place.maxBytes)
  telemetry.sinkSpoolUnavailable.set({ sink: name }, 0)
  try {
    spool = open()
  } catch (error) {
    if (!isFull(error)) {
      const fault = folderFault(place.directory) ?? messageOf(error)
      throw new Error(`spool.directory: ${fault}`, { cause: error })
    }
    tellUnavailable(error)
  }
  observe()

  function open(): Spool {
    return openSpool({ ...place, maxHeld: limit, onDrop })
  }

  function push(moment: Samples, drain?: string): void {
    if (drain !== undefined) drainOf.set(moment, drain)
    spoolWaiting()
    // Straight to the disk: the bound of the memory is not that of what is offered at once.
    if (unspooled.size() > 0 || !hasAppended(moment)) unspooled.push(moment)
    observe()
  }

  function spoolWaiting(): void {
    for (let oldest = unspooled.peek(); oldest && hasAppended(oldest); oldest = unspooled.peek())
      unspooled.discard()
  }

  function hasAppended(moment: Samples): boolean {
    try {
      spool ??= open()
      spool.append(moment, drainOf.get(moment))
      telemetry.sinkSpoolUnavailable.set({ sink: name }, 0)
      return true
    } catch (error) {
      tellUnavailable(error)
      return false
    }
  }

  function tellUnavailable(error: unknown): void {
    telemetry.sinkSpoolUnavailable.set({ sink: name }, 1)
    telemetry.sinkSpoolFailures.inc({ sink: name })
    warn(`the spool takes nothing, samples wait in memory: ${messageOf(error)}`)
  }

  function take(): Samples | undefined | Promise<Samples | undefined> {
    const taken = spool?.take(Date.now())
    return taken instanceof Promise ? taken.then(handedOver) : handedOver(taken)
  }

  function handedOver(
    taken: Samples | undefined,
  ): Samples | undefined | Promise<Samples | undefined> {
    isSpooledInHand = taken !== undefined
    return taken ?? unspooled.take()
  }

  function settle(count?: number): void {
    if (isSpooledInHand) spool?.settle(count)
    else unspooled.settle(count)
    observe()
  }

  function observe(): void {
    telemetry.sinkSpoolBytes.set({ sink: name }, spool?.bytes() ?? 0)
    telemetry.sinkSpoolSamples.set({ sink: name }, spool?.unsettled() ?? 0)
  }

  return {
    push,
    take,
    settle,
    isKept: () => isSpooledInHand && spool?.isKept() === true,
    isInDoubt: () => isSpooledInHand && spool?.isInDoubt() === true,
    size: () => (spool?.size() ?? 0) + unspooled.size(),
    oldestMs: () => spool?.oldestMs() ?? unspooled.oldestMs(),
    orphans: spool?.orphans ?? [],
    forget: series => spool?.forget(series),
    close: async () => {
      spoolWaiting()
      await spool?.close()
      observe()
      return unspooled.close()
    },
  }
}
