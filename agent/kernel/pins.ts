import {
  closeSync,
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
import type { Descriptors } from './descriptors.ts'
import { KernelError } from './error.ts'
import { loadLibbpf } from './libbpf.ts'

const KINDS = ['maps', 'programs', 'links'] as const

/** What is pinned: descriptors by kind and name. */
export type PinnedParts = Pick<Descriptors, (typeof KINDS)[number]>

// A set of pins is a directory, `maps-flows` and so on in it. While it is being made it has this
// before its name; its last step is a rename, so it is complete or not there. No dots: a bpffs
// refuses them in names.
const UNFINISHED = 'new-'
// A bpffs holds no files, but symbolic links to any text.
const ABOUT = 'about'

/** Names of the sets that are complete. */
export function completeSets(directory: string): string[] {
  return readdirSync(directory).filter(name => !name.startsWith(UNFINISHED))
}

/** What an agent left that was killed while it pinned. */
export function removeUnfinished(directory: string): void {
  const names = readdirSync(directory).filter(name => name.startsWith(UNFINISHED))
  for (const name of names) removeSet(directory, name)
}

/** `about` is kept with the set, up to 4,000 characters as JSON. Throws KernelError. */
export function pinSet(directory: string, set: string, parts: PinnedParts, about: object): void {
  const unfinished = join(directory, `${UNFINISHED}${set}`)
  mkdirSync(unfinished, { mode: 0o700 })
  for (const kind of KINDS) {
    for (const [name, fd] of Object.entries(parts[kind])) {
      checkPin('pin', `${unfinished}/${kind}-${name}`, path => loadLibbpf().pin(fd, path))
    }
  }
  symlinkSync(JSON.stringify(about), join(unfinished, ABOUT))
  renameSync(unfinished, join(directory, set))
}

/** Opens every pin of a set; `about` is empty if nothing was kept with it. Throws KernelError. */
export function openSet(directory: string, set: string): PinnedParts & { readonly about: string } {
  const folder = join(directory, set)
  const names = readdirSync(folder)
  using onFailure = new DisposableStack()
  const open = (kind: (typeof KINDS)[number]) =>
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
  return names.filter(name => name !== ABOUT).length
}

function checkPin(verb: string, path: string, call: (path: string) => number): number {
  const result = call(path)
  if (result >= 0) return result
  throw new KernelError(`cannot ${verb} ${path}: ${getSystemErrorName(result)}`, {
    code: 'PINS',
    fix: 'Run as root with CAP_BPF, or set kernel.pinDirectory to a directory of your own on a bpffs',
  })
}
