import { getSystemErrorName } from 'node:util'
import { KernelError } from './system/error.ts'
import {
  FLOW_TABLES,
  flowSlots,
  isIn,
  MAPS,
  type MapPart,
  PROGRAMS,
  type ProgramPart,
  type Sizes,
  type UdpMode,
  type UdpSetting,
  variablesFor,
} from './object/inventory.ts'
import { nameOwnDrops } from './tables/drops.ts'
import { emptyFlowTable } from './tables/flow-table.ts'
import { loadLibbpf } from './system/libbpf.ts'
import { loadObject, type BpfObject } from './object/object.ts'
import { layoutOf, type Layout } from './object/layout.ts'
import type { Predecessors } from './takeover/predecessors.ts'
import { programsOf, type Descriptors, type Programs } from './object/descriptors.ts'
import { messageOf } from '../message-of.ts'

export type LoadOptions = {
  /** Path of podatlas.bpf.o. */
  readonly bytecode: string
  readonly sizes: Sizes
  readonly udp: UdpSetting
  /** Whether flows are told apart by process. */
  readonly processes: boolean
  /** Takes libbpf's and the verifier's whole words when something fails. */
  readonly log: (line: string) => void
  readonly warn: (key: string, line: string) => void
  /** Maps of other programs that these go on with. */
  readonly sharedMaps?: Predecessors['sharedMaps']
  /** Called when all is loaded and nothing counts yet. */
  readonly beforeAttach?: (loaded: Loaded) => void
  /** Called when all programs run. */
  readonly afterAttach?: Predecessors['handOver']
}

export type Loaded = Pick<Descriptors, 'maps' | 'programs' | 'sizes' | 'udp' | 'processes'> & {
  readonly layout: Layout
}

/**
 * Loads and attaches the programs: from now on they count, until they are disposed. UDP is counted in
 * the first way that the kernel takes. Throws KernelError.
 */
export function loadPrograms(options: LoadOptions): Programs {
  const modes = options.udp === 'off' ? [] : waysToCountUdp()
  const refusals: string[] = []
  for (const udp of modes) {
    try {
      return loadWith(udp, options)
    } catch (error) {
      refusals.push(`${udp}: ${messageOf(error)}`)
    }
  }
  const programs = loadWith('off', options)
  if (refusals.length > 0) {
    options.warn('udp', `UDP is not counted, the kernel refuses it. ${refusals.join('; ')}`)
  }
  return programs
}

/** The cheapest first. */
function waysToCountUdp(): UdpMode[] {
  const all: UdpMode[] = ['fentry', 'cgroup']
  return all.filter(mode => PROGRAMS.some(program => program.udp?.includes(mode)))
}

function loadWith(udp: UdpMode, options: LoadOptions): Programs {
  const { bytecode, sizes, processes, log, sharedMaps = () => ({}) } = options
  const isPresent = (part: MapPart | ProgramPart) => isIn({ udp, processes }, part)
  using onFailure = new DisposableStack()
  const maxEntries = Object.fromEntries(
    MAPS.filter(isPresent).flatMap(({ name, entries }) =>
      entries ? [[name, entries(sizes)]] : [],
    ),
  )
  const innerArrays = { flows: flowSlots(sizes) }
  const present = PROGRAMS.filter(isPresent)
  const variables = variablesFor(sizes, processes)
  const autoload = PROGRAMS.flatMap(program => [
    [program.name, false] as const,
    [inObject(program), present.includes(program)] as const,
  ])
  let shared: Record<string, number> = {}
  const reuse = (describe: BpfObject['describe']) => (shared = sharedMaps(describe))
  const object = onFailure.use(
    loadObject({ bytecode, maxEntries, innerArrays, variables, autoload, reuse, log }),
  )
  if (!('flows' in shared)) makeFlowTables(object, sizes)
  checkUpdate('drops', nameOwnDrops(object.mapFd('drops')))
  const maps = MAPS.filter(isPresent).map(({ name }) => [name, object.mapFd(name)])
  const programs = present.map(part => [part.name, object.programFd(inObject(part))])
  const parts = { maps: Object.fromEntries(maps), programs: Object.fromEntries(programs) }
  options.beforeAttach?.({ ...parts, sizes, udp, processes, layout: layoutOf(object.describe) })
  const links: Record<string, number> = {}
  for (const part of present) {
    const { name, attach } = part
    const program = inObject(part)
    if (attach === 'tracing') links[name] = object.attach(program)
    else if (attach === 'iterator') links[name] = object.attachIterator(program)
    else if (attach) links[name] = object.attachIterator(program, attach.over)
  }
  options.afterAttach?.(object)
  const owned = onFailure.move()
  const origin = { origin: 'loaded', pins: 'off' } as const
  return programsOf({ ...parts, links, sizes, udp, processes, ...origin }, () => owned.dispose())
}

/** The program's name in the object file. */
function inObject({ name, faster }: ProgramPart): string {
  return faster && loadLibbpf().hasKernelFunction(faster.needs) ? faster.program : name
}

/** Before anything counts: a program that finds no table has nowhere to count. */
function makeFlowTables(object: BpfObject, sizes: Sizes): void {
  const libbpf = loadLibbpf()
  const first = Uint32Array.of(0)
  const set = (map: string, value: Uint32Array) =>
    checkUpdate(map, libbpf.update(object.mapFd(map), first, value))
  for (const table of FLOW_TABLES) set(table, emptyFlowTable(sizes))
  set('flows', Uint32Array.of(object.mapFd(FLOW_TABLES[0])))
}

function checkUpdate(map: string, result: number): void {
  if (result >= 0) return
  throw new KernelError(`cannot set up the map ${map}: ${getSystemErrorName(result)}`, {
    code: 'BPF_LOAD',
    fix: 'Use a kernel 5.15 or newer',
  })
}
