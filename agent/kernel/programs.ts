import { createHash } from 'node:crypto'
import { closeSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programsOf, type Programs } from './object/descriptors.ts'
import { isIn, LAYOUT_VERSION, MAPS, PROGRAMS, type Mode, type Sizes } from './object/inventory.ts'
import type { Layout } from './object/layout.ts'
import { loadPrograms, type LoadOptions } from './load.ts'
import { requireReadable } from './object/object.ts'
import { holdPinDirectory, type HeldDirectory } from './pins/pin-directory.ts'
import {
  beginSet,
  completeSet,
  isUnfinished,
  openSet,
  setAside,
  setsIn,
  type PinnedParts,
} from './pins/pins.ts'
import { finishCarryOver } from './takeover/carry-over.ts'
import { openPredecessors } from './takeover/predecessors.ts'

export type { Programs } from './object/descriptors.ts'

export type InstallOptions = Pick<LoadOptions, 'bytecode' | 'sizes' | 'log'> & {
  readonly udp?: LoadOptions['udp']
  readonly processes?: boolean
  /** On a bpffs: there the programs outlive the agent. Empty: they end with it. */
  readonly pinDirectory?: string
  /** Failures with the same key are one matter. */
  readonly warn?: LoadOptions['warn']
}

/** Kept with the pins, so that whoever adopts them knows what the settings led to. */
type About = Mode & { readonly sizes: Sizes; readonly layout: Layout }

/**
 * Loads and attaches the programs, or adopts those that an agent of the same layout left: from now on
 * they count. The only part that needs capabilities. Throws KernelError.
 */
export function installPrograms({
  udp = 'off',
  processes = false,
  pinDirectory = '',
  warn = () => undefined,
  ...options
}: InstallOptions): Programs {
  const load: Load = more => loadPrograms({ ...options, udp, processes, warn, ...more })
  if (pinDirectory === '') return load()
  const held = holdPinDirectory(pinDirectory)
  if ('path' in held) return installPinned(held, setName({ ...options, udp, processes }), load)
  const loaded = load()
  const loss = 'the programs end with the agent, and what happens until the next one is not counted'
  warn('pins', `nothing can be pinned: ${held.why}. Till then ${loss}`)
  return programsOf({ ...loaded.descriptors, pins: 'unavailable' }, () => loaded[Symbol.dispose]())
}

type Load = (more?: Pick<LoadOptions, 'sharedMaps' | 'beforeAttach' | 'afterAttach'>) => Programs

/** Whatever other sets there are is retired in the end, wherever an agent before was killed. */
function installPinned({ path, lock }: HeldDirectory, set: string, load: Load): Programs {
  using onFailure = new DisposableStack()
  onFailure.defer(() => closeSync(lock))
  finishCarryOver(path)
  const adopted = setsIn(path).includes(set) ? adopt(path, set) : undefined
  const programs = onFailure.use(adopted?.programs ?? replace(path, set, load))
  if (adopted) {
    using predecessors = openPredecessors(path, othersThan(path, set))
    predecessors.retire({ ...programs.descriptors, set, layout: adopted.layout })
  }
  const owned = onFailure.move()
  const pinFolder = join(path, set)
  const descriptors = { ...programs.descriptors, lock, pins: 'pinned', pinFolder } as const
  return programsOf(descriptors, () => owned.dispose())
}

/** Loads and pins the set, beside others that go on counting until it does. */
function replace(path: string, set: string, load: Load): Programs {
  for (const name of setsIn(path)) {
    if (isUnfinished(name) || name === set) setAside(path, name)
  }
  using predecessors = openPredecessors(path, othersThan(path, set))
  using onFailure = new DisposableStack()
  let layout: Layout | undefined
  const programs = onFailure.use(
    load({
      sharedMaps: predecessors.sharedMaps,
      beforeAttach: ({ sizes, udp, processes, layout: ownLayout, ...parts }) => {
        layout = ownLayout
        const about: About = { sizes, udp, processes, layout }
        beginSet(path, set, parts, about)
        predecessors.makeRoom({ maps: parts.maps, layout })
      },
      afterAttach: predecessors.handOver,
    }),
  )
  completeSet(path, set, programs.descriptors.links)
  if (layout) predecessors.retire({ ...programs.descriptors, set, layout })
  onFailure.move()
  return programs
}

function othersThan(path: string, set: string): string[] {
  return setsIn(path).filter(name => name !== set)
}

/** Undefined if the set lacks a pin. */
function adopt(directory: string, set: string): { programs: Programs; layout: Layout } | undefined {
  const { about, ...parts } = openSet(directory, set)
  if (about === '') return undefined
  const { sizes, udp, processes, layout }: About = JSON.parse(about)
  const mode = { udp, processes }
  const programs = programsOf({ ...parts, ...mode, sizes, origin: 'adopted', pins: 'pinned' })
  if (hasAll(parts, mode)) return { programs, layout }
  programs[Symbol.dispose]()
  return undefined
}

function hasAll({ maps, programs, links }: PinnedParts, mode: Mode): boolean {
  const present = PROGRAMS.filter(program => isIn(mode, program))
  return (
    MAPS.filter(map => isIn(mode, map)).every(({ name }) => name in maps) &&
    present.every(({ name, attach }) => name in programs && (!attach || name in links))
  )
}

type SetOptions = Pick<LoadOptions, 'bytecode' | 'sizes' | 'udp' | 'processes'>

/** The same name means the same programs and maps: an agent may go on where another one ended. */
function setName({ bytecode, sizes, udp, processes }: SetOptions): string {
  requireReadable(bytecode)
  const hash = createHash('sha256').update(readFileSync(bytecode))
  hash.update(JSON.stringify([sizes, udp, processes]))
  return `v${LAYOUT_VERSION}-${hash.digest('hex').slice(0, 16)}`
}
