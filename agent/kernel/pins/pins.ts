import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { KernelError } from '../system/error.ts'
import { loadLibbpf } from '../system/libbpf.ts'

const KINDS = ['maps', 'programs', 'links'] as const

/** What is pinned: descriptors by kind and name. */
export type PinnedParts = Record<Kind, Record<string, number>>

type Kind = (typeof KINDS)[number]

/**
 * The flows of other sets are this one's: `count` entries are in its table at rest with them, and `lost` is
 * to be told of those without room.
 */
export type Note = {
  readonly from: readonly string[]
  readonly count?: number
  readonly lost?: readonly { reason: string; events: number; bytes: number }[]
}

// A set of pins is a directory, `maps-flows` and so on in it. Until it is complete it has this before
// its name. No dots: a bpffs refuses them.
const UNFINISHED = 'new-'
// A bpffs holds no files, but symbolic links to any text.
const ABOUT = 'about'
const NOTE = 'carrying'
// Of the first agents, who noted what was done already, by names alone.
const FIRST_NOTE = 'carried-'

/** Every descriptor in it. */
export function valuesOf(parts: PinnedParts): number[] {
  return KINDS.flatMap(kind => Object.values(parts[kind]))
}

/** Names of all sets. */
export function setsIn(directory: string): string[] {
  return readdirSync(directory)
}

/** Whether its agent did not come to the end of pinning it. */
export function isUnfinished(set: string): boolean {
  return set.startsWith(UNFINISHED)
}

/** Gives the name of a set free for another one. Gives its new name, which says unfinished. */
export function setAside(directory: string, name: string): string {
  const names = new Set(readdirSync(directory))
  let number = 1
  while (names.has(`${UNFINISHED}${number}`)) number++
  renameSync(join(directory, name), join(directory, `${UNFINISHED}${number}`))
  return `${UNFINISHED}${number}`
}

/**
 * Begins a set: maps and programs, before these count anything. `about` is kept with it, up to 4,000
 * characters as JSON. Throws KernelError.
 */
export function beginSet(
  directory: string,
  set: string,
  parts: Omit<PinnedParts, 'links'>,
  about: object,
): void {
  const unfinished = join(directory, `${UNFINISHED}${set}`)
  // Begun in another mode of UDP, which the kernel then refused.
  if (existsSync(unfinished)) removeSet(directory, `${UNFINISHED}${set}`)
  mkdirSync(unfinished, { mode: 0o700 })
  symlinkSync(JSON.stringify(about), join(unfinished, ABOUT))
  pinAll(unfinished, 'maps', parts.maps)
  pinAll(unfinished, 'programs', parts.programs)
}

/** Makes it complete: with a rename as the last step, it is whole or unfinished. Throws KernelError. */
export function completeSet(directory: string, set: string, links: PinnedParts['links']): void {
  const unfinished = join(directory, `${UNFINISHED}${set}`)
  pinAll(unfinished, 'links', links)
  renameSync(unfinished, join(directory, set))
}

/** Opens every pin of a set; `about` is empty if nothing was kept with it. Throws KernelError. */
export function openSet(directory: string, set: string): PinnedParts & { readonly about: string } {
  const folder = join(directory, set)
  const names = readdirSync(folder)
  using onFailure = new DisposableStack()
  const open = (kind: Kind): Record<string, number> =>
    Object.fromEntries(
      names
        .filter(name => name.startsWith(`${kind}-`))
        .map(name => {
          const fd = checkPin('open', join(folder, name), path => loadLibbpf().openPinned(path))
          onFailure.defer(() => closeSync(fd))
          return [name.slice(kind.length + 1), fd]
        }),
    )
  const parts = { maps: open('maps'), programs: open('programs'), links: open('links') }
  const about = names.includes(ABOUT) ? readlinkSync(join(folder, ABOUT)) : ''
  onFailure.move()
  return { ...parts, about }
}

/**
 * With its last pin, and the last descriptor closed, a link detaches and a map is freed. Gives the
 * number of pins.
 */
export function removeSet(directory: string, set: string): number {
  const folder = join(directory, set)
  const names = readdirSync(folder)
  for (const name of names) unlinkSync(join(folder, name))
  rmdirSync(folder)
  return names.filter(name => name !== ABOUT && !isNote(name)).length
}

/** Notes in a set, in one step each. */
export function readNotes(directory: string, set: string): Note[] {
  const folder = join(directory, set)
  return notesIn(folder).map(name => {
    const note = JSON.parse(readlinkSync(join(folder, name)))
    return Array.isArray(note) ? { from: note } : note
  })
}

export function writeNote(directory: string, set: string, note: Note): void {
  symlinkSync(JSON.stringify(note), join(directory, set, NOTE))
}

export function removeNotes(directory: string, set: string): void {
  const folder = join(directory, set)
  for (const name of notesIn(folder)) unlinkSync(join(folder, name))
}

function notesIn(folder: string): string[] {
  return readdirSync(folder).filter(isNote)
}

function isNote(name: string): boolean {
  return name === NOTE || name.startsWith(FIRST_NOTE)
}

/** No, too, where there is no such set. */
export function hasPin(directory: string, set: string, kind: Kind, name: string): boolean {
  return existsSync(pathOf(directory, set, kind, name))
}

/** With its last pin, and the last descriptor closed, a link detaches and a map is freed. */
export function unpin(directory: string, set: string, kind: Kind, name: string): void {
  unlinkSync(pathOf(directory, set, kind, name))
}

function pathOf(directory: string, set: string, kind: Kind, name: string): string {
  return join(directory, set, `${kind}-${name}`)
}

function pinAll(folder: string, kind: string, fds: Readonly<Record<string, number>>): void {
  for (const [name, fd] of Object.entries(fds)) {
    checkPin('pin', `${folder}/${kind}-${name}`, path => loadLibbpf().pin(fd, path))
  }
}

function checkPin(verb: string, path: string, call: (path: string) => number): number {
  const result = call(path)
  if (result >= 0) return result
  throw new KernelError(`cannot ${verb} ${path}: ${getSystemErrorName(result)}`, {
    code: 'PINS',
    fix: 'Run as root with CAP_BPF, or set kernel.pinDirectory to a directory of your own on a bpffs',
  })
}
