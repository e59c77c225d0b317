import { factsOf } from '../system/fdinfo.ts'
import { mapMemory } from '../system/map-memory.ts'
import type { Programs } from '../object/descriptors.ts'

/** Bit 63 of a cookie, seen in its upper word: CLOSED_COOKIE of bpf/socket_table.h. */
const CLOSED = 0x80_00_00_00
const COOKIES_PER_BUCKET = 8

export type SocketTable = {
  readonly capacity: number
  /** Connections that are in the table now. Throws KernelError. */
  readonly count: () => number
}

/** What user space can tell of the table of connections: bpf/socket_table.h says how it is made. */
export function socketTable(programs: Pick<Programs, 'mapFd'>): SocketTable {
  const fd = programs.mapFd('socket_buckets')
  const capacity = factsOf(fd)('max_entries') * COOKIES_PER_BUCKET
  return {
    capacity,
    count: () => {
      // Only while it is read: mapped memory counts as that of this process.
      using memory = mapMemory(fd, capacity * BigUint64Array.BYTES_PER_ELEMENT)
      const words = new Uint32Array(memory.bytes)
      let count = 0
      for (let low = 0; low < words.length; low += 2) {
        const high = words[low + 1] ?? 0
        if ((words[low] !== 0 || high !== 0) && high < CLOSED) count += 1
      }
      return count
    },
  }
}
