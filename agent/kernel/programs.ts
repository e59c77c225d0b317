import { getSystemErrorName } from 'node:util'
import { KernelError } from './error.ts'
import { FIRST_LIVE, MAPS, PROGRAMS, type Sizes, type UdpMode } from './inventory.ts'
import { loadLibbpf } from './libbpf.ts'
import { loadObject, type BpfObject } from './object.ts'

/** The programs in the kernel, by open descriptors. Disposing it closes them. */
export type Programs = Disposable & {
  /** Descriptors by the names of inventory.ts. A program that only runs by hand has no link. */
  readonly mapFd: (map: string) => number
  readonly programFd: (program: string) => number
  readonly linkFd: (program: string) => number
  readonly sizes: Sizes
  readonly udp: UdpMode
}

export type InstallOptions = {
  /** Path of podatlas.bpf.o. */
  readonly bytecode: string
  readonly sizes: Sizes
  /** Takes libbpf's and the verifier's whole words when something fails. */
  readonly log: (line: string) => void
}

/**
 * Loads and attaches the programs: from now on they count. The only part that needs capabilities;
 * whoever has the descriptors does the rest. Throws KernelError.
 */
export function installPrograms({ bytecode, sizes, log }: InstallOptions): Programs {
  using onFailure = new DisposableStack()
  const udp = 'off'
  const isPresent = (part: { readonly udp?: readonly UdpMode[] }) => part.udp?.includes(udp) ?? true
  const maps = MAPS.filter(isPresent)
  const programs = PROGRAMS.filter(isPresent)
  const maxEntries = Object.fromEntries(
    maps.flatMap(({ name, entries }) => (entries ? [[name, entries(sizes)]] : [])),
  )
  const object = onFailure.use(loadObject({ bytecode, maxEntries, log }))
  makeFirstLive(object)
  const links = new Map<string, number>()
  for (const { name, attach } of programs) {
    if (attach === 'tracing') links.set(name, object.attach(name))
    else if (attach) links.set(name, object.attachIterator(name, attach.over))
  }
  const owned = onFailure.move()
  return {
    mapFd: object.mapFd,
    programFd: object.programFd,
    linkFd: name => links.get(name) ?? noSuchLink(name),
    sizes,
    udp,
    [Symbol.dispose]: () => owned.dispose(),
  }
}

/** Before anything counts: a program that finds no inner map has nowhere to count. */
function makeFirstLive(object: BpfObject): void {
  const libbpf = loadLibbpf()
  for (const [outer, inner] of Object.entries(FIRST_LIVE)) {
    const first = Uint32Array.of(object.mapFd(inner))
    const result = libbpf.update(object.mapFd(outer), Uint32Array.of(0), first)
    if (result >= 0) continue
    const why = getSystemErrorName(result)
    throw new KernelError(`cannot put ${inner} into ${outer}: ${why}`, {
      code: 'BPF_LOAD',
      fix: 'Use a kernel 5.15 or newer',
    })
  }
}

function noSuchLink(name: string): never {
  throw new TypeError(`the program ${name} is not attached by itself`)
}
