import { createHash } from 'node:crypto'
import {
  FLOW_TABLES,
  LAYOUT_VERSION,
  MAPS,
  SOCKET_TABLE_VERSION,
  type MapPart,
} from './inventory.ts'
import type { MapDescription } from './object.ts'
import type { Fields } from './type-fields.ts'

export type Describe = (map: string) => MapDescription

/** Kept with the pins, so that another version knows what is in the maps. */
export type Layout = {
  /** How each map is laid out, by name: only maps of the same shape are shared. */
  readonly shapes: Readonly<Record<string, string>>
  /** Of an entry of a table of flows, and of one of the table of sockets. */
  readonly flowFields: Fields
  readonly socketFields: Fields
  /** SOCKET_TABLE_VERSION; absent: the first. */
  readonly socketTable?: number
}

/** Of a set that was not even begun. */
export const NO_LAYOUT: Layout = { shapes: {}, flowFields: {}, socketFields: {} }

export function layoutOf(describe: Describe): Layout {
  const shared = MAPS.filter(map => map.shared)
  const shapes = shared.map(map => [map.name, shapeOf(map, describe)])
  return {
    shapes: Object.fromEntries(shapes),
    flowFields: describe(FLOW_TABLES[0]).fields,
    socketFields: describe('socket_slots').fields,
    socketTable: SOCKET_TABLE_VERSION,
  }
}

/** Whether the programs can go on with that map of a set of this layout. */
export function fits(layout: Layout, map: MapPart, describe: Describe): boolean {
  return layout.shapes[map.name] === shapeOf(map, describe)
}

function shapeOf({ name, shared }: MapPart, describe: Describe): string {
  const { definition, fields } = describe(name)
  const { type, key_size, value_size, max_entries, map_flags } = definition
  // What is kept of a cgroup is told by its fields alone.
  const version = shared === 'udp' ? 0 : LAYOUT_VERSION
  const facts = [version, type, key_size, value_size, max_entries, map_flags, fields]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16)
}
