import { createHash } from 'node:crypto'
import { closeSync, readFileSync } from 'node:fs'
import { programsOf, type Programs } from './descriptors.ts'
import { isIn, MAPS, PROGRAMS, type Sizes, type UdpMode } from './inventory.ts'
import { loadPrograms, type LoadOptions } from './load.ts'
import { requireReadable } from './object.ts'
import { holdPinDirectory, type HeldDirectory } from './pin-directory.ts'
import {
  completeSets,
  openSet,
  pinSet,
  removeSet,
  removeUnfinished,
  type PinnedParts,
} from './pins.ts'

export type { Programs } from './descriptors.ts'

export type InstallOptions = Pick<LoadOptions, 'bytecode' | 'sizes' | 'log'> & {
  readonly udp?: LoadOptions['udp']
  /** On a bpffs: there the programs outlive the agent. Empty: they end with it. */
  readonly pinDirectory?: string
  /** Failures with the same key are one matter. */
  readonly warn?: LoadOptions['warn']
}

/**
 * Raised when what user space knows of the maps changes beyond what the object file shows: a set of
 * another version is not adopted.
 */
const LAYOUT_VERSION = 1

/** Kept with the pins, so that whoever adopts them knows what the settings led to. */
type About = { readonly sizes: Sizes; readonly udp: UdpMode }

/**
 * Loads and attaches the programs, or adopts those that an agent of the same layout left: from now on
 * they count. The only part that needs capabilities. Throws KernelError.
 */
export function installPrograms({
  udp = 'off',
  pinDirectory = '',
  warn = () => undefined,
  ...options
}: InstallOptions): Programs {
  const load = () => loadPrograms({ ...options, udp, warn })
  if (pinDirectory === '') return load()
  const held = holdPinDirectory(pinDirectory)
  if ('path' in held) return installPinned(held, { ...options, udp }, load)
  const loaded = load()
  const loss = 'the programs end with the agent, and what happens until the next one is not counted'
  warn('pins', `nothing can be pinned: ${held.why}. Till then ${loss}`)
  return programsOf({ ...loaded.descriptors, pins: 'unavailable' }, () => loaded[Symbol.dispose]())
}

function installPinned(
  { path, lock }: HeldDirectory,
  settings: SetOptions,
  load: () => Programs,
): Programs {
  using onFailure = new DisposableStack()
  onFailure.defer(() => closeSync(lock))
  removeUnfinished(path)
  const set = setName(settings)
  const adopted = completeSets(path).includes(set) ? adopt(path, set) : undefined
  const programs = onFailure.use(adopted ?? load())
  if (!adopted) {
    const about: About = { sizes: programs.sizes, udp: programs.udp }
    const others = completeSets(path)
    for (const other of others) removeSet(path, other)
    pinSet(path, set, programs.descriptors, about)
  }
  const owned = onFailure.move()
  return programsOf({ ...programs.descriptors, lock, pins: 'pinned' }, () => owned.dispose())
}

/** Undefined if the set lacks a pin. */
function adopt(directory: string, set: string): Programs | undefined {
  const { about, ...parts } = openSet(directory, set)
  if (about === '') return undefined
  const { sizes, udp }: About = JSON.parse(about)
  const adopted = programsOf({ ...parts, sizes, udp, origin: 'adopted', pins: 'pinned' })
  if (isComplete(parts, udp)) return adopted
  adopted[Symbol.dispose]()
  return undefined
}

function isComplete({ maps, programs, links }: PinnedParts, udp: UdpMode): boolean {
  const present = PROGRAMS.filter(program => isIn(udp, program))
  return (
    MAPS.filter(map => isIn(udp, map)).every(({ name }) => name in maps) &&
    present.every(({ name, attach }) => name in programs && (!attach || name in links))
  )
}

type SetOptions = Pick<LoadOptions, 'bytecode' | 'sizes' | 'udp'>

/** The same name means the same programs and maps: an agent may go on where another one ended. */
function setName({ bytecode, sizes, udp }: SetOptions): string {
  requireReadable(bytecode)
  const hash = createHash('sha256').update(readFileSync(bytecode))
  hash.update(JSON.stringify([sizes, udp]))
  return `v${LAYOUT_VERSION}-${hash.digest('hex').slice(0, 16)}`
}
