import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Telemetry } from '../../telemetry.ts'
import { recoverSpool } from './recovery.ts'

// As long as a sink keeps samples, unless it is told otherwise: how long this one did is not known any more.
const KEPT_MS = 24 * 3_600_000
const FOLDER = /^sink-([\w.-]+?)(?:\+changes)?$/

export type LeftoverParts = {
  /** Of all spools. */
  readonly directory: string
  /** Folders of sinks that there are. */
  readonly inUse: readonly string[]
  readonly telemetry: Pick<Telemetry, 'sinkSamplesDropped'>
  readonly log: (line: string) => void
}

/**
 * Looks after the folders of sinks that are no more: without unsent samples they are removed at once, else when the
 * newest of these is a day old, counted. Till then the sink can be brought back. Never throws.
 */
export function watchLeftovers({ directory, inUse, telemetry, log }: LeftoverParts): Disposable {
  const timers: NodeJS.Timeout[] = []
  const used = inUse.map(folder => basename(folder))

  for (const name of namesIn(directory).filter(one => !used.includes(one))) {
    const sink = FOLDER.exec(name)?.[1]
    if (sink !== undefined) lookAfter(join(directory, name), sink)
  }

  function lookAfter(folder: string, sink: string): void {
    try {
      const { count, newestMs } = unsentIn(folder)
      const restMs = newestMs + KEPT_MS - Date.now()
      if (count === 0 || restMs <= 0) return remove(folder, sink, count)
      const fix = `bring the sink back, or they are dropped at ${new Date(newestMs + KEPT_MS).toISOString()}`
      log(`sink ${sink} is no more, and ${count} samples wait for it in ${folder}: ${fix}`)
      // A clock that was set to the future may have stamped them.
      const inMs = Math.min(restMs, KEPT_MS)
      timers.push(setTimeout(() => remove(folder, sink, count), inMs).unref())
    } catch (error) {
      log(`sink ${sink} is no more, and ${folder} cannot be read: ${String(error)}. Remove it`)
    }
  }

  function remove(folder: string, sink: string, count: number): void {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      return log(`sink ${sink} is no more, and ${folder} cannot be removed: ${String(error)}`)
    }
    if (count === 0) return log(`sink ${sink} is no more: its empty spool ${folder} is removed`)
    telemetry.sinkSamplesDropped.inc({ sink, reason: 'sink_removed' }, count)
    log(`sink ${sink} is no more for a day or longer: ${count} samples dropped with ${folder}`)
  }

  return {
    [Symbol.dispose]: () => {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    // Without a folder there is nothing left in it.
    return []
  }
}

function unsentIn(directory: string): { count: number; newestMs: number } {
  const { segments, position } = recoverSpool({ directory })
  position[Symbol.dispose]()
  const newestMs = Math.max(0, ...segments.all().map(segment => segment.newestMs))
  return { count: segments.size(), newestMs }
}
