import { getSystemErrorName } from 'node:util'
import { KernelError } from '../system/error.ts'
import { factsOf } from '../system/fdinfo.ts'
import { SOCKET_TABLE_VERSION } from '../object/inventory.ts'
import { runIteratorNow } from '../system/iterator.ts'
import type { Layout } from '../object/layout.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import type { BpfObject } from '../object/object.ts'
import type { Fields } from '../object/type-fields.ts'
import { waitForPrograms } from './wait-for-programs.ts'
import { oldTable } from '../wire.gen.ts'

type Maps = Readonly<Record<string, number>>

const FIRST = Uint32Array.of(0)

/** As they stand in struct old_table of bpf/wire.h, behind the number of buckets. */
const FIELDS = [
  'sk',
  'cgroup_id',
  'remote_address',
  'reported.sent',
  'reported.received',
  'reported.retransmits',
  'phase',
  'service_port',
  'role',
] as const

/** Whether programs whose slots have these fields can count beside those of that layout. */
export function isReadable({ socketTable = 1, socketFields }: Layout, own: Fields): boolean {
  return (
    socketTable === SOCKET_TABLE_VERSION &&
    FIELDS.every(name => socketFields[name]?.[1] === own[name]?.[1])
  )
}

/** The maps of the old set that the new programs read, by the names that they have there. */
export function oldMaps({ socket_buckets, socket_slots, late_sockets }: Maps): Maps {
  const maps = {
    old_buckets: socket_buckets,
    old_slots: socket_slots,
    old_late_sockets: late_sockets,
  }
  return Object.fromEntries(Object.entries(maps).flatMap(([name, fd]) => (fd ? [[name, fd]] : [])))
}

/** From now on the programs of `maps` leave to the old ones what these count. To be called before they attach. Throws KernelError. */
export function beginBeside(
  maps: Maps,
  old: { readonly maps: Maps; readonly layout: Layout },
): void {
  const places = FIELDS.map(name => old.layout.socketFields[name]?.[0] ?? 0)
  write(maps, [factsOf(old.maps['socket_buckets'] ?? -1)('max_entries'), ...places])
}

/** More than one has something to do only where sockets connect again at that very moment. */
const ROUNDS = 10

/** Brings the sockets that had opened before the new programs attached. Throws KernelError. */
export function adoptSockets(
  { attachIterator }: Pick<BpfObject, 'attachIterator'>,
  old: { readonly maps: Maps },
): void {
  const libbpf = loadLibbpf()
  const reservePlaces = attachIterator('reserve_places', 'old_buckets')
  const fillPlaces = attachIterator('adopt_sockets', 'socket_buckets')
  waitForPrograms(old.maps)
  for (let round = 0; round < ROUNDS; round++) {
    if (runIteratorNow(libbpf, reservePlaces) === 0) return
    waitForPrograms(old.maps)
    runIteratorNow(libbpf, fillPlaces)
  }
}

/** Whether no programs count any more that were there before those of `maps`. */
export function countsAlone(maps: Maps): boolean {
  return read(maps)[0] === 0
}

/** Once they have ended. */
export function endBeside(maps: Maps): void {
  const [bucketCount, ...places] = read(maps)
  if (bucketCount !== 0) write(maps, [0, ...places])
}

/** Sets of the first version have no such map. */
function read({ old_table }: Maps): Uint32Array {
  const table = new Uint32Array(oldTable.size / 4)
  if (old_table !== undefined) loadLibbpf().lookup(old_table, FIRST, table)
  return table
}

function write({ old_table }: Maps, values: readonly number[]): void {
  const result = loadLibbpf().update(old_table ?? -1, FIRST, Uint32Array.from(values))
  if (result >= 0) return
  throw new KernelError(
    `cannot take over from the programs before: ${getSystemErrorName(result)}`,
    {
      code: 'PINS',
      fix: 'Nothing is lost yet: start the agent again',
    },
  )
}
