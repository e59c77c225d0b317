import { factsOf } from '../system/fdinfo.ts'
import { FLOW_TABLES } from '../object/inventory.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import { mapMemory, type MapMemory } from '../system/map-memory.ts'
import { liveIndex } from '../tables/swapped-map.ts'
import { fieldCopier, type Fields } from '../object/type-fields.ts'

/** Tables of flows, and where in an entry what is: by names, so that versions understand each other. */
export type FlowTables = {
  readonly maps: Readonly<Record<string, number>>
  readonly fields: Fields
}

type Table = MapMemory & {
  readonly view: DataView
  readonly entrySize: number
  readonly capacity: number
}

/**
 * Copies what the tables of others hold behind what the table at rest of `to` holds: a drain after the first
 * one finds it there, once `countCarried` is told how many entries that makes. Nobody may count into the
 * others any more. Gives also the bytes of what has no room. Throws KernelError.
 */
export function copyFlows(
  from: readonly FlowTables[],
  to: FlowTables,
): { readonly count: number; readonly lostBytes: number } {
  using target = openTable(atRest(to), to.fields)
  let count = entriesIn(target, to.fields)
  let lostBytes = 0
  for (const { maps, fields } of from) {
    const copy = fieldCopier(fields, to.fields, name => /^(?:key|value)\./.test(name))
    for (const name of FLOW_TABLES) {
      using source = openTable(maps[name] ?? -1, fields)
      const inUse = entriesIn(source, fields)
      for (let entry = 1; entry <= inUse; entry++) {
        const at = entry * source.entrySize
        if (count < target.capacity) copy(source.view, at, target.view, ++count * target.entrySize)
        else lostBytes += bytesIn(source.view, at, fields)
      }
    }
  }
  return { count, lostBytes }
}

/** From now on the table at rest holds so many entries. Doing it again before a drain changes nothing. */
export function countCarried(to: FlowTables, count: number): void {
  using target = openTable(atRest(to), to.fields)
  target.view.setUint32(countAt(to.fields), count, true)
}

/** The descriptor of the table that the kernel does not count into. */
function atRest({ maps }: Pick<FlowTables, 'maps'>): number {
  const [a, b] = FLOW_TABLES
  const inner = [maps[a] ?? -1, maps[b] ?? -1] as const
  return liveIndex(loadLibbpf(), { outer: maps['flows'] ?? -1, inner }) === 0 ? inner[1] : inner[0]
}

function openTable(fd: number, fields: Fields): Table {
  const facts = factsOf(fd)
  const [entrySize, entries] = [facts('value_size'), facts('max_entries')]
  const memory = mapMemory(fd, entrySize * entries)
  const view = new DataView(memory.bytes)
  // What a table holds besides is a matter of its version; a broken one cannot have more than it says.
  const stated = view.getUint32(fields['table.capacity']?.[0] ?? 0, true)
  return { ...memory, view, entrySize, capacity: Math.min(stated, entries - 1) }
}

function entriesIn({ view, capacity }: Table, fields: Fields): number {
  return Math.min(view.getUint32(countAt(fields), true), capacity)
}

/** Entries in use, in the first entry: the lower half of it, beside the epoch. */
function countAt(fields: Fields): number {
  return fields['table.counted']?.[0] ?? 0
}

function bytesIn(view: DataView, at: number, fields: Fields): number {
  return ['value.bytes_sent', 'value.bytes_received'].reduce(
    (sum, name) => sum + Number(view.getBigUint64(at + (fields[name]?.[0] ?? 0), true)),
    0,
  )
}
