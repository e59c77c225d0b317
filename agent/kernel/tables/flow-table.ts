import { mapMemory, type MapMemory } from '../system/map-memory.ts'
import { flowSlot } from '../wire.gen.ts'

/** A table of flows that the kernel programs fill: bpf/flows.h says how. */
export type FlowTable = Disposable & {
  /** Of what it holds until it is cleared: no other content of any table ever has this name. */
  readonly contentName: () => string
  /** Entries in use. */
  readonly count: () => number
  /**
   * Those entries, one after the other, as they are in the kernel: only of a table that nobody counts
   * into, and valid until it is cleared or read again. Throws KernelError.
   */
  readonly entries: () => DataView
  /** Empties it, in one step. */
  readonly clear: () => void
}

export type FlowTableSizes = {
  readonly maxFlows: number
  readonly maxOverflow: number
}

const SEED_AT = 16

/** The table's own entry, as it is written before anything counts. */
export function emptyFlowTable({ maxFlows, maxOverflow }: FlowTableSizes): Uint32Array {
  const words = new Uint32Array(flowSlot.size / 4)
  const [limit, capacity] = [maxFlows, maxFlows + maxOverflow]
  // Nobody outside is to know which remote addresses meet in a bucket. It also tells tables apart.
  words.set([0, 0, limit, capacity, ...crypto.getRandomValues(new Uint32Array(2))])
  return words
}

/** Only what is in use is mapped, and only while it is read: the rest would be memory of this process too. */
export function openFlowTable(mapFd: number, { maxFlows, maxOverflow }: FlowTableSizes): FlowTable {
  const own = mapMemory(mapFd, flowSlot.size)
  // The count is the lower half of struct flow_table's first word, the epoch its upper half.
  const counted = new BigUint64Array(own.bytes, 0, 1)
  let read: MapMemory | undefined
  const unmap = () => {
    read?.[Symbol.dispose]()
    read = undefined
  }
  // Programs that met at the limit have counted beyond it.
  const count = () => Math.min(Number((counted[0] ?? 0n) & 0xffff_ffffn), maxFlows + maxOverflow)
  const [seedLow = 0, seedHigh = 0] = new Uint32Array(own.bytes, SEED_AT, 2)
  return {
    contentName: () => `${hex(seedHigh)}${hex(seedLow)}-${(counted[0] ?? 0n) >> 32n}`,
    count,
    entries: () => {
      unmap()
      read = mapMemory(mapFd, (1 + count()) * flowSlot.size)
      return new DataView(read.bytes, flowSlot.size)
    },
    clear: () => {
      unmap()
      counted[0] = (((counted[0] ?? 0n) >> 32n) + 1n) << 32n
    },
    [Symbol.dispose]: () => {
      unmap()
      own[Symbol.dispose]()
    },
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
