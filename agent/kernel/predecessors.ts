import { createHash } from 'node:crypto'
import { closeSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { carryDrops } from './carried-drops.ts'
import { carryFlows, waitForPrograms } from './carried-flows.ts'
import { carrySockets } from './carried-sockets.ts'
import { takeOverCgroupPins } from './cgroup-pins.ts'
import { factsOf } from './fdinfo.ts'
import { FLOW_TABLES, LAYOUT_VERSION, MAPS, type MapPart } from './inventory.ts'
import { loadLibbpf } from './libbpf.ts'
import type { MapDescription } from './object.ts'
import {
  isUnfinished,
  KINDS,
  openSet,
  readNote,
  removeSet,
  unpinLink,
  writeNote,
  type PinnedParts,
} from './pins.ts'
import type { Fields } from './type-fields.ts'

type Describe = (map: string) => MapDescription

/**
 * Sets of pins by programs that are not these: of another version or with other settings, or of an
 * agent that was killed at its start. They go on counting until they are retired.
 */
export type Predecessors = Disposable & {
  /**
   * Maps for the new programs to go on with: then a connection that was open is still known, and each
   * byte of it is counted by whichever program is first.
   */
  readonly sharedMaps: (describe: Describe) => Record<string, number>
  /** To be called before the new programs attach: ends what cannot run beside them. */
  readonly makeRoom: (successor: Pick<Successor, 'maps' | 'layout'>) => void
  /** Ends all of their programs, has what they counted carried over, and removes their pins. */
  readonly retire: (successor: Successor) => void
}

export type Successor = {
  /** Name of its set. */
  readonly set: string
  readonly maps: Readonly<Record<string, number>>
  readonly programs: Readonly<Record<string, number>>
  readonly layout: Layout
}

/** Kept with the pins, so that another version knows what is in the maps. */
export type Layout = {
  /** How each map is laid out, by name: only maps of the same shape are shared. */
  readonly shapes: Readonly<Record<string, string>>
  /** Of an entry of a table of flows, and of one of the table of sockets. */
  readonly flowFields: Fields
  readonly socketFields: Fields
}

type Predecessor = PinnedParts & {
  readonly name: string
  readonly isUnfinished: boolean
  readonly layout: Layout
}

/** Throws KernelError. */
export function openPredecessors(directory: string, names: readonly string[]): Predecessors {
  using opened = new DisposableStack()
  const sets = names.map((name): Predecessor => {
    const { about, ...parts } = openSet(directory, name)
    opened.defer(() => closeAll(parts))
    const layout: Layout = about === '' ? NO_LAYOUT : JSON.parse(about).layout
    return { ...parts, name, isUnfinished: isUnfinished(name), layout }
  })
  const owned = opened.move()
  let sharesSockets = false

  function detach(set: Predecessor, isMeant: (program: string) => boolean): void {
    for (const program of Object.keys(set.links).filter(isMeant)) {
      unpinLink(directory, set.name, program)
      closeSync(set.links[program] ?? -1)
      delete set.links[program]
    }
  }

  return {
    sharedMaps: describe => {
      const groups = Map.groupBy(
        MAPS.filter(({ shared }) => shared),
        ({ shared }) => shared,
      )
      const shared = [...groups].flatMap(([group, maps]) => {
        const from = sets.find(set => maps.every(map => fits(set, map, describe)))
        if (from && group === 'sockets') sharesSockets = true
        return maps.flatMap(({ name }) => (from ? [[name, from.maps[name] ?? -1] as const] : []))
      })
      return Object.fromEntries(shared)
    },
    makeRoom: successor => {
      for (const set of sets) {
        if (!sharesSockets) foldOnce(set)
        // Two programs for one datagram would count it twice; connections know who was first.
        detach(set, program => !sharesSockets || !CONNECTIONS.has(program))
      }
      if (!sharesSockets) moveSockets(sets, successor)
    },
    retire: successor => {
      for (const set of sets) {
        detach(set, () => true)
        takeOverUdp(directory, set, successor)
      }
      visitAll(successor)
      carryOver(directory, sets, successor)
      const drops = sets.flatMap(({ maps }) => maps['drops'] ?? [])
      carryDrops(drops, successor.maps['drops'] ?? -1)
      for (const set of sets) removeSet(directory, set.name)
    },
    [Symbol.dispose]: () => owned.dispose(),
  }
}

const NO_LAYOUT: Layout = { shapes: {}, flowFields: {}, socketFields: {} }

/** Programs whose steps may be done twice. */
const CONNECTIONS = new Set(['tcp_state', 'tcp_state_twin', 'live'])

export function layoutOf(describe: Describe): Layout {
  const shared = MAPS.filter(map => map.shared)
  const shapes = shared.map(map => [map.name, shapeOf(map, describe)])
  return {
    shapes: Object.fromEntries(shapes),
    flowFields: describe(FLOW_TABLES[0]).fields,
    socketFields: describe('socket_slots').fields,
  }
}

/**
 * A link goes on with what it keeps of its cgroup, which is in a map of its first program: so that has to
 * be the new ones' map too.
 */
function takeOverUdp(
  directory: string,
  { name, maps }: Predecessor,
  { set, maps: ownMaps, programs }: Successor,
): void {
  if (!isSameMap(maps['udp_instances'], ownMaps['udp_instances'])) return
  const [from, to] = [join(directory, name), join(directory, set)]
  takeOverCgroupPins(loadLibbpf(), { from, to, programs })
}

function isSameMap(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return factsOf(one)('map_id') === factsOf(other)('map_id')
}

function moveSockets(
  sets: readonly Predecessor[],
  { maps, layout }: Pick<Successor, 'maps' | 'layout'>,
): void {
  // An unfinished set had begun where the complete one was: its numbers are the later ones.
  const latest = sets
    .filter(set => 'socket_slots' in set.maps)
    .toSorted((a, b) => Number(b.isUnfinished) - Number(a.isUnfinished))
  for (const set of latest) waitForPrograms({ maps: set.maps, fields: set.layout.flowFields })
  carrySockets(
    latest.map(set => ({ maps: set.maps, fields: set.layout.socketFields })),
    { maps, fields: layout.socketFields },
  )
}

/** Once: the note in the successor's set says which are done, should it be killed before they are removed. */
function carryOver(
  directory: string,
  sets: readonly Predecessor[],
  { set, maps, layout }: Successor,
): void {
  const done = readNote(directory, set)
  const left = sets.filter(
    one =>
      !done.includes(one.name) &&
      FLOW_TABLES.every(name => name in one.maps) &&
      !isSameMap(one.maps[FLOW_TABLES[0]], maps[FLOW_TABLES[0]]),
  )
  if (left.length === 0) return
  const from = left.map(one => ({ maps: one.maps, fields: one.layout.flowFields }))
  for (const tables of from) waitForPrograms(tables)
  carryFlows(from, { maps, fields: layout.flowFields })
  const names = left.map(({ name }) => name)
  writeNote(directory, set, [...done, ...names])
}

function shapeOf({ name, shared }: MapPart, describe: Describe): string {
  const { definition, fields } = describe(name)
  const { type, key_size, value_size, max_entries, map_flags } = definition
  // What is kept of a cgroup is told by its fields alone.
  const version = shared === 'udp' ? 0 : LAYOUT_VERSION
  const facts = [version, type, key_size, value_size, max_entries, map_flags, fields]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16)
}

function fits({ maps, layout }: Predecessor, map: MapPart, describe: Describe): boolean {
  return map.name in maps && layout.shapes[map.name] === shapeOf(map, describe)
}

/** What their open connections have sent and received by now goes into their flows. */
function foldOnce({ links }: Predecessor): void {
  if (links.live === undefined) return
  const iterator = loadLibbpf().createIterator(links.live)
  if (iterator < 0) return
  try {
    while (readSync(iterator, Buffer.alloc(4_096)) > 0) continue
  } finally {
    closeSync(iterator)
  }
}

/** They took places in the shared table without telling the successor's walk. */
function visitAll({ maps }: Successor): void {
  const fd = maps['socket_walk'] ?? -1
  const runs = factsOf(fd)('max_entries')
  for (let run = 0; run < runs; run++) {
    loadLibbpf().update(fd, Uint32Array.of(run), new Uint32Array(2))
  }
}

function closeAll(parts: PinnedParts): void {
  for (const fd of KINDS.flatMap(kind => Object.values(parts[kind]))) closeSync(fd)
}
