import { closeSync } from 'node:fs'
import type { Sizes, UdpMode } from './inventory.ts'

/** What is open of the programs, as plain data: descriptors by the names of inventory.ts. */
export type Descriptors = {
  readonly maps: Readonly<Record<string, number>>
  readonly programs: Readonly<Record<string, number>>
  /** By the name of the program that is attached by it. */
  readonly links: Readonly<Record<string, number>>
  /** Holds the pin directory against a second agent. */
  readonly lock?: number
  readonly sizes: Sizes
  readonly udp: UdpMode
  readonly processes: boolean
  /** Whether they were there already, and had counted while no agent ran. */
  readonly origin: 'loaded' | 'adopted'
  /** `off`: they were to end with the agent; `unavailable`: nothing could be pinned. */
  readonly pins: 'pinned' | 'unavailable' | 'off'
  /** Where they are pinned, for what is attached later. */
  readonly pinFolder?: string
}

/** The programs in the kernel, by open descriptors. Disposing it closes them. */
export type Programs = Disposable &
  Pick<Descriptors, 'sizes' | 'udp' | 'processes' | 'origin' | 'pins'> & {
    readonly mapFd: (map: string) => number
    readonly programFd: (program: string) => number
    /** A program that only runs by hand has no link. */
    readonly linkFd: (program: string) => number
    /** All of it, to be handed to another process image. */
    readonly descriptors: Descriptors
  }

/** `close` ends what is open; by default it closes each descriptor. */
export function programsOf(
  descriptors: Descriptors,
  close = () => closeAll(descriptors),
): Programs {
  const { maps, programs, links, sizes, udp, processes, origin, pins } = descriptors
  return {
    sizes,
    udp,
    processes,
    origin,
    pins,
    mapFd: name => maps[name] ?? missing(`map ${name}`),
    programFd: name => programs[name] ?? missing(`program ${name}`),
    linkFd: name => links[name] ?? missing(`link of ${name}`),
    descriptors,
    [Symbol.dispose]: close,
  }
}

/** Every descriptor in it. */
export function allDescriptors({ maps, programs, links, lock }: Descriptors): number[] {
  const named = [maps, programs, links].flatMap(group => Object.values(group))
  return lock === undefined ? named : [...named, lock]
}

function closeAll(descriptors: Descriptors): void {
  for (const fd of allDescriptors(descriptors)) closeSync(fd)
}

function missing(what: string): never {
  throw new TypeError(`inventory.ts names no ${what}, or it is not there with these settings`)
}
