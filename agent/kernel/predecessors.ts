import { createHash } from 'node:crypto'
import { closeSync, readSync } from 'node:fs'
import { MAPS, type MapPart } from './inventory.ts'
import { loadLibbpf } from './libbpf.ts'
import type { MapDescription } from './object.ts'
import { KINDS, openSet, removeSet, unpinLink, type PinnedParts } from './pins.ts'

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
  /** To be called before the new programs attach. */
  readonly makeRoom: () => void
  /** Ends all of their programs, and removes their pins. */
  readonly retire: () => void
}

/** How each map is laid out, by name: only maps of the same shape are shared. */
export type Shapes = Readonly<Record<string, string>>

type Predecessor = PinnedParts & { readonly name: string; readonly shapes: Shapes }

/** Throws KernelError. */
export function openPredecessors(directory: string, names: readonly string[]): Predecessors {
  using opened = new DisposableStack()
  const sets = names.map((name): Predecessor => {
    const { about, ...parts } = openSet(directory, name)
    opened.defer(() => closeAll(parts))
    const { shapes = {} }: { shapes?: Shapes } = about === '' ? {} : JSON.parse(about)
    return { ...parts, name, shapes }
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
    makeRoom: () => {
      for (const set of sets) {
        // Two programs for one datagram would count it twice; connections know who was first.
        if (sharesSockets) detach(set, program => !CONNECTIONS.has(program))
        else {
          foldOnce(set)
          detach(set, () => true)
        }
      }
    },
    retire: () => {
      for (const set of sets) {
        detach(set, () => true)
        removeSet(directory, set.name)
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  }
}

/** Programs whose steps may be done twice. */
const CONNECTIONS = new Set(['tcp_state', 'tcp_state_twin', 'live'])

/** The shapes of the maps that may be shared. */
export function shapesOf(describe: Describe): Shapes {
  const shared = MAPS.filter(map => map.shared)
  return Object.fromEntries(shared.map(({ name }) => [name, shapeOf(describe(name))]))
}

function shapeOf({ definition, fields }: MapDescription): string {
  const { type, key_size, value_size, max_entries, map_flags } = definition
  const facts = [type, key_size, value_size, max_entries, map_flags, fields]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16)
}

function fits({ maps, shapes }: Predecessor, { name }: MapPart, describe: Describe): boolean {
  return name in maps && shapes[name] === shapeOf(describe(name))
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

function closeAll(parts: PinnedParts): void {
  for (const fd of KINDS.flatMap(kind => Object.values(parts[kind]))) closeSync(fd)
}
