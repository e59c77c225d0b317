import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { carryDrops } from './carried-drops.ts'
import { carrySockets } from './carried-sockets.ts'
import { carryOver } from './carry-over.ts'
import { takeOverCgroupPins } from '../pins/cgroup-pins.ts'
import { factsOf, isSameMap } from '../system/fdinfo.ts'
import { MAPS } from '../object/inventory.ts'
import { runIteratorNow } from '../system/iterator.ts'
import { fits, NO_LAYOUT, type Describe, type Layout } from '../object/layout.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import type { BpfObject } from '../object/object.ts'
import {
  adoptSockets,
  beginBeside,
  countsAlone,
  endBeside,
  isReadable,
  oldMaps,
} from './old-table.ts'
import {
  isUnfinished,
  openSet,
  removeSet,
  unpin,
  valuesOf,
  type PinnedParts,
} from '../pins/pins.ts'
import { waitForPrograms } from './wait-for-programs.ts'

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
  /** To be called when they have: now these know every connection, too. */
  readonly handOver: (successor: Pick<BpfObject, 'attachIterator'>) => void
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
    opened.defer(() => valuesOf(parts).forEach(closeSync))
    const layout: Layout = about === '' ? NO_LAYOUT : JSON.parse(about).layout
    return { ...parts, name, isUnfinished: isUnfinished(name), layout }
  })
  const owned = opened.move()
  const counting = countingSet(sets)
  let way: 'shared' | 'beside' | 'after' = 'after'

  function detach(set: Predecessor, isMeant: (program: string) => boolean): number[] {
    return Object.entries(set.links).flatMap(([program, link]) => {
      if (!isMeant(program)) return []
      unpin(directory, set.name, 'links', program)
      delete set.links[program]
      return [link]
    })
  }

  return {
    sharedMaps: describe => {
      way = 'after'
      const groups = Map.groupBy(
        MAPS.filter(({ shared }) => shared),
        ({ shared }) => shared,
      )
      const shared = [...groups].flatMap(([group, maps]) => {
        const isFit = ({ layout, ...set }: Predecessor) =>
          maps.every(map => map.name in set.maps && fits(layout, map, describe))
        const from = (group === 'sockets' && counting ? [counting] : sets).find(isFit)
        if (from && group === 'sockets') way = 'shared'
        return maps.flatMap(({ name }) => (from ? [[name, from.maps[name] ?? -1] as const] : []))
      })
      if (
        way === 'after' &&
        counting &&
        isReadable(counting.layout, describe('socket_slots').fields)
      )
        way = 'beside'
      const old = way === 'beside' && counting ? oldMaps(counting.maps) : {}
      return { ...Object.fromEntries(shared), ...old }
    },
    makeRoom: successor => {
      const isAlone = counting === undefined || countsAlone(counting.maps)
      if (way === 'after') for (const set of counting ? [counting] : sets) foldOnce(set)
      // Two programs for one datagram would count it twice; of connections they know who was first.
      const links = sets.flatMap(set => {
        const stays = way !== 'after' && (set === counting || !counting)
        return detach(set, program => !stays || !CONNECTIONS.has(program))
      })
      if (isAlone) for (const link of links) closeSync(link)
      else endForGood(links, counting.maps)
      if (way === 'beside' && counting) beginBeside(successor.maps, counting)
      if (way === 'after') moveSockets(counting ? [counting] : sets, successor)
    },
    handOver: successor => {
      if (way === 'beside' && counting) adoptSockets(successor, counting)
    },
    retire: successor => {
      const links = sets.flatMap(set => detach(set, () => true))
      for (const set of sets) takeOverUdp(directory, set, successor)
      endForGood(links, successor.maps)
      visitAll(successor)
      carryOver(directory, sets, successor)
      const drops = sets.flatMap(({ maps }) => maps['drops'] ?? [])
      carryDrops(drops, successor.maps['drops'] ?? -1)
      for (const set of sets) removeSet(directory, set.name)
    },
    [Symbol.dispose]: () => owned.dispose(),
  }
}

/**
 * Programs that may run beside those of other sets: with the same table their steps may be done twice, with another
 * one the later set leaves to the earlier what that has done.
 */
const CONNECTIONS = new Set(['tcp_state', 'tcp_state_twin', 'live'])

/**
 * Whose table of sockets is to be gone on with. There may be two whose programs all run, if an agent was killed
 * between the last steps: then the one that was there first still reports all.
 */
function countingSet(sets: readonly Predecessor[]): Predecessor | undefined {
  const whole = sets.filter(
    set => !set.isUnfinished && [...CONNECTIONS].every(one => one in set.links),
  )
  return whole.find(({ maps }) => countsAlone(maps)) ?? whole[0]
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

/**
 * When it returns nothing runs any more by these links, and the programs of `maps` count alone. A pin may let go of
 * its link somewhat later: by then ours is the last descriptor, and closing it detaches at once.
 */
function endForGood(links: readonly number[], maps: PinnedParts['maps']): void {
  waitForPrograms(maps)
  for (const link of links) closeSync(link)
  waitForPrograms(maps)
  endBeside(maps)
}

function moveSockets(
  sets: readonly Predecessor[],
  { maps, layout }: Pick<Successor, 'maps' | 'layout'>,
): void {
  // An unfinished set had begun where the complete one was: its numbers are the later ones.
  const latest = sets
    .filter(set => 'socket_slots' in set.maps)
    .toSorted((a, b) => Number(b.isUnfinished) - Number(a.isUnfinished))
  for (const { maps: old } of latest) waitForPrograms(old)
  carrySockets(
    latest.map(set => ({ maps: set.maps, fields: set.layout.socketFields })),
    { maps, fields: layout.socketFields },
  )
}

/** What their open connections have sent and received by now goes into their flows. */
function foldOnce({ links }: Predecessor): void {
  if (links['live'] !== undefined) runIteratorNow(loadLibbpf(), links['live'])
}

/** They took places in the shared table without telling the successor's walk. */
function visitAll({ maps }: Successor): void {
  const fd = maps['socket_walk'] ?? -1
  const runs = factsOf(fd)('max_entries')
  for (let run = 0; run < runs; run++) {
    loadLibbpf().update(fd, Uint32Array.of(run), new Uint32Array(2))
  }
}
