import { closeSync } from 'node:fs'
import { withOneMore, writeCarried } from './carried-drops.ts'
import { copyFlows, countCarried, type FlowTables } from './carried-flows.ts'
import { FLOW_TABLES } from '../object/inventory.ts'
import type { Layout } from '../object/layout.ts'
import {
  hasPin,
  openSet,
  readNotes,
  removeNotes,
  setsIn,
  unpin,
  valuesOf,
  writeNote,
  type Note,
  type PinnedParts,
} from '../pins/pins.ts'
import { isSameMap } from '../system/fdinfo.ts'
import { waitForPrograms } from './wait-for-programs.ts'

/** A set of pins whose links may be gone, and what is in its maps. */
export type CountedSet = Pick<PinnedParts, 'maps'> & {
  readonly name: string
  readonly layout: Layout
}

// A set without it has no flow tables, for any agent.
const PIN = ['maps', FLOW_TABLES[0]] as const

/**
 * What the flow tables of other sets hold goes into the successor's table at rest, once, wherever the agent is
 * killed and whichever is started next: it is theirs until the note is written, and the successor's from then
 * on, whose part in it `finishCarryOver` repeats. Nobody may count into the others any more. Throws KernelError.
 */
export function carryOver(
  directory: string,
  sets: readonly CountedSet[],
  successor: { readonly set: string } & Pick<CountedSet, 'maps' | 'layout'>,
): void {
  const { set, maps, layout } = successor
  const sameTables = (one: CountedSet['maps'], other: CountedSet['maps']) =>
    isSameMap(one[FLOW_TABLES[0]], other[FLOW_TABLES[0]])
  const left = sets.filter(
    one => FLOW_TABLES.every(name => name in one.maps) && !sameTables(one.maps, maps),
  )
  if (left.length === 0) return
  // Two of them may have the same ones, if an agent was killed when it had begun to go on with them.
  const isFirst = (one: CountedSet) => left.find(({ maps: m }) => sameTables(m, one.maps)) === one
  const from = left.filter(isFirst).map(one => ({ maps: one.maps, fields: one.layout.flowFields }))
  for (const tables of from) waitForPrograms(tables.maps)
  const into = { maps, fields: layout.flowFields }
  const { count, lostBytes } = copyFlows(from, into)
  const lost = lostBytes > 0 ? [withOneMore(maps['drops'] ?? -1, 'overflow_full', lostBytes)] : []
  const note = { from: left.map(({ name }) => name), count, lost }
  writeNote(directory, set, note)
  finish(directory, { set, into, notes: [note] })
}

/** To be called at each start, before any set is taken for what it says: an agent may have been killed just then. */
export function finishCarryOver(directory: string): void {
  for (const set of setsIn(directory)) {
    const notes = readNotes(directory, set)
    if (notes.length === 0) continue
    const { about, ...parts } = openSet(directory, set)
    const layout: Layout | undefined = about === '' ? undefined : JSON.parse(about).layout
    if (layout && FLOW_TABLES.every(name => name in parts.maps)) {
      finish(directory, { set, into: { maps: parts.maps, fields: layout.flowFields }, notes })
    } else removeNotes(directory, set)
    for (const fd of valuesOf(parts)) closeSync(fd)
  }
}

type Noted = { readonly set: string; readonly into: FlowTables; readonly notes: readonly Note[] }

function finish(directory: string, { set, into, notes }: Noted): void {
  for (const { from, count, lost = [] } of notes) {
    // The first agents know nothing of these notes: theirs may have gone on since, and drained.
    const isStale = from.some(name => hasPin(directory, name, 'links', 'live'))
    const left = from.filter(name => hasPin(directory, name, ...PIN))
    if (isStale || left.length === 0) continue
    if (count !== undefined) countCarried(into, count)
    for (const carried of lost) writeCarried(into.maps['drops'] ?? -1, carried)
    for (const name of left) unpin(directory, name, ...PIN)
  }
  removeNotes(directory, set)
}
