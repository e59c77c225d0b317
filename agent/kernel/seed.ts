import { getSystemErrorName } from 'node:util'
import { setTimeout } from 'node:timers/promises'
import type { Telemetry } from '../telemetry.ts'
import type { Programs } from './object/descriptors.ts'
import { KernelError } from './system/error.ts'
import { runIterator } from './system/iterator.ts'
import { loadLibbpf } from './system/libbpf.ts'
import { messageOf } from '../message-of.ts'

export type SeedOptions = {
  /** Attached already, so that no connection opens unseen. */
  readonly programs: Pick<Programs, 'linkFd' | 'mapFd'>
  readonly telemetry: Pick<Telemetry, 'kernelSocketsSeeded'>
}

/**
 * Gives a function that finds the connections which are older than the programs: they count from then on, and
 * what they carried before counts nowhere. Those it knows it leaves alone. Throws KernelError.
 */
export function seeder({ programs, telemetry }: SeedOptions): () => Promise<void> {
  const libbpf = loadLibbpf()
  let before = 0
  return async () => {
    await runIterator(libbpf, programs.linkFd('seed_listeners'))
    await runIterator(libbpf, programs.linkFd('seed_sockets'))
    // Again: what was accepted meanwhile has moved, from a queue to a file that was passed already.
    await runIterator(libbpf, programs.linkFd('seed_sockets'))
    const count = new BigUint64Array(1)
    const result = libbpf.lookup(
      programs.mapFd('seeded'),
      Uint32Array.of(0),
      new Uint8Array(count.buffer),
    )
    if (result < 0) throw unreadable(getSystemErrorName(result))
    const now = Number(count[0])
    telemetry.kernelSocketsSeeded.inc(now - before)
    before = now
  }
}

export type SeedingOptions = SeedOptions & {
  readonly telemetry: Pick<Telemetry, 'kernelSeedFailures'>
  /** Failures with the same key are one matter. */
  readonly warn: (key: string, line: string) => void
  /** Pauses between the searches. */
  readonly againAfterMs?: readonly number[]
}

/**
 * Searches at once and, for sockets that were on their way from one process to another, some more times. Also
 * after adopting programs: their agent may have ended before its search. Disposing it waits for a search under way.
 */
export function startSeeding({
  programs,
  telemetry,
  warn,
  againAfterMs = [5_000, 55_000],
}: SeedingOptions): AsyncDisposable {
  const stop = new AbortController()
  const seed = seeder({ programs, telemetry })

  async function search(): Promise<void> {
    try {
      await seed()
    } catch (error) {
      telemetry.kernelSeedFailures.inc()
      warn('seed', messageOf(error))
    }
  }

  async function run(): Promise<void> {
    await search()
    for (const pauseMs of againAfterMs) {
      const isOver = await stopsWithin(pauseMs, stop.signal)
      if (isOver) return
      await search()
    }
  }

  const finished = run()
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await finished
    },
  }
}

async function stopsWithin(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await setTimeout(ms, undefined, { signal, ref: false })
    return false
  } catch {
    return true
  }
}

function unreadable(why: string): KernelError {
  return new KernelError(`cannot read how many older connections were found: ${why}`, {
    code: 'DRAIN',
    fix: 'They are counted all the same; if it goes on, restart the agent',
  })
}
