import { getSystemErrorName } from 'node:util'
import { KernelError } from './error.ts'
import type { Libbpf } from './libbpf.ts'

const ENOENT = -2
const ENOSPC = -28
/** One call of this size takes about 1.3 ms. */
const FIRST_BATCH = 4096

/** Entries moved out of maps, packed one after the other. The buffers are reused, and grow. */
export type EntryBuffer = {
  readonly count: () => number
  readonly keys: () => DataView
  readonly values: () => DataView
  /** Appends all entries of the map and leaves it empty. Throws KernelError; what it read by then stays. */
  readonly moveFrom: (mapFd: number) => void
  readonly clear: () => void
}

export function entryBuffer(
  libbpf: Pick<Libbpf, 'lookupAndDeleteBatch'>,
  keySize: number,
  valueSize: number,
): EntryBuffer {
  let capacity = FIRST_BATCH
  let batch = FIRST_BATCH
  let keys = new Uint8Array(capacity * keySize)
  let values = new Uint8Array(capacity * valueSize)
  let count = 0

  function makeRoomFor(entries: number): void {
    if (capacity - count >= entries) return
    while (capacity - count < entries) capacity *= 2
    keys = copyInto(new Uint8Array(capacity * keySize), keys)
    values = copyInto(new Uint8Array(capacity * valueSize), values)
  }

  function moveFrom(mapFd: number): void {
    const position = new Uint32Array(1)
    const moved = new Uint32Array(1)
    let start: Uint32Array | null = null
    for (;;) {
      makeRoomFor(batch)
      moved[0] = batch
      const result = libbpf.lookupAndDeleteBatch(
        mapFd,
        start,
        position,
        keys.subarray(count * keySize),
        values.subarray(count * valueSize),
        moved,
      )
      // One bucket alone is larger than the batch; nothing was moved.
      if (result === ENOSPC) {
        batch *= 2
        continue
      }
      if (result < 0 && result !== ENOENT) throw readError(result)
      count += moved[0] ?? 0
      if (result === ENOENT) return
      start = position
    }
  }

  return {
    count: () => count,
    keys: () => new DataView(keys.buffer, 0, count * keySize),
    values: () => new DataView(values.buffer, 0, count * valueSize),
    moveFrom,
    clear: () => {
      count = 0
    },
  }
}

function copyInto(larger: Uint8Array<ArrayBuffer>, from: Uint8Array): Uint8Array<ArrayBuffer> {
  larger.set(from)
  return larger
}

function readError(result: number): KernelError {
  return new KernelError(`cannot read the flow maps: ${getSystemErrorName(result)}`, {
    code: 'DRAIN',
    fix: 'What was not read stays in the map for a later drain. If it goes on, restart the agent',
  })
}
