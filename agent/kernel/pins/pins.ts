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

export const KINDS = ['maps', 'programs', 'links'] as const

/** What is pinned: descriptors by kind and name. */
export type PinnedParts = Record<(typeof KINDS)[number], Record<string, number>>

// A set of pins is a directory, `maps-flows` and so on in it. Until it is complete it has this before
// its name. No dots: a bpffs refuses them.
const UNFINISHED = 'new-'
// A bpffs holds no files, but symbolic links to any text.
const ABOUT = 'about'
const NOTE = 'carried-'

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
  const open = (kind: (typeof KINDS)[number]): Record<string, number> =>
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
  return names.filter(name => name !== ABOUT && !name.startsWith(NOTE)).length
}

/** The names that were noted in a set, in one step. */
export function readNote(directory: string, set: string): string[] {
  const folder = join(directory, set)
  const notes = readdirSync(folder).filter(name => name.startsWith(NOTE))
  return notes.flatMap((name): string[] => JSON.parse(readlinkSync(join(folder, name))))
}

export function writeNote(directory: string, set: string, names: readonly string[]): void {
  const number = readdirSync(join(directory, set)).filter(name => name.startsWith(NOTE)).length
  symlinkSync(JSON.stringify(names), join(directory, set, `${NOTE}${number}`))
}

/** The link detaches with its last descriptor. */
export function unpinLink(directory: string, set: string, program: string): void {
  unlinkSync(join(directory, set, `links-${program}`))
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
