import { getSystemErrorName } from 'node:util'
import type { Telemetry } from '../telemetry.ts'
import { KernelError } from './error.ts'
import type { Libbpf } from './libbpf.ts'
import { dropReasons, dropValue } from './wire.gen.ts'

/** Gives a function that adds what the kernel programs could not count since its last call to the telemetry. */
export function dropReader(
  libbpf: Pick<Libbpf, 'lookup'>,
  mapFd: number,
  { kernelDrops, lostBytes }: Pick<Telemetry, 'kernelDrops' | 'lostBytes'>,
): () => void {
  const before = dropReasons.map(() => ({ events: 0, bytes: 0 }))
  const value = new Uint8Array(dropValue.size)
  const view = new DataView(value.buffer)
  // Known from the start, so that a rate can be taken of the first loss.
  for (const reason of dropReasons) {
    kernelDrops.inc({ reason }, 0)
    lostBytes.inc({ reason }, 0)
  }
  return () => {
    for (const [index, reason] of dropReasons.entries()) {
      const result = libbpf.lookup(mapFd, Uint32Array.of(index), value)
      if (result < 0) {
        throw new KernelError(`cannot read the drop counters: ${getSystemErrorName(result)}`, {
          code: 'DRAIN',
          fix: 'The next drain reads them again. If it goes on, restart the agent',
        })
      }
      const now = { events: dropValue.events(view, 0), bytes: dropValue.bytes(view, 0) }
      kernelDrops.inc({ reason }, now.events - (before[index]?.events ?? 0))
      lostBytes.inc({ reason }, now.bytes - (before[index]?.bytes ?? 0))
      before[index] = now
    }
  }
}
