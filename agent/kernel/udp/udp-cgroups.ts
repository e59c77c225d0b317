import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import type { Telemetry } from '../../telemetry.ts'
import { KernelError } from '../system/error.ts'
import { loadLibbpf, type CgroupHook } from '../system/libbpf.ts'
import { cgroupPins } from '../pins/cgroup-pins.ts'
import type { Programs } from '../object/descriptors.ts'
import { udpInstance } from '../wire.gen.ts'

export type UdpCgroupsOptions = {
  /** Pinned programs: attachments are pinned beside them, and those that are there are taken over. */
  readonly programs: Pick<Programs, 'mapFd' | 'programFd' | 'linkFd' | 'udp' | 'descriptors'>
  /** Mount point of the cgroup v2 hierarchy. */
  readonly mount: string
  readonly telemetry: Pick<Telemetry, 'udpCgroups' | 'udpReattachments' | 'udpAttachFailures'>
  readonly warn: (key: string, line: string) => void
  readonly maxAttached?: number
}

/** The cgroups whose UDP is counted. */
export type UdpCgroups = Disposable & {
  /** Counts the UDP of a cgroup from now on. Gives false if it cannot. What fails is counted, not thrown. */
  readonly attach: (cgroupId: number, path: string | undefined, nowMs: number) => boolean
  /** Lets go of what is gone, and of cgroups in which nothing was UDP for so long. Gives the number of the latter. */
  readonly leaveUnused: (nowMs: number, idleMs: number) => number
  /** Cgroups to which an agent before had attached. */
  readonly pinned: readonly number[]
  /** Takes a pinned attachment over, or ends it if the cgroup is gone. */
  readonly adopt: (cgroupId: number, path: string | undefined, nowMs: number) => void
}

type Attachment = { readonly path: string; readonly links: readonly number[]; usedMs: number }

const FIRST = Uint32Array.of(0)

/** Attaches to the root what tells of new UDP sockets. Throws KernelError. */
export function openUdpCgroups(options: UdpCgroupsOptions): UdpCgroups {
  const { programs, mount, telemetry, warn, maxAttached = 8_192 } = options
  const { pinFolder = '' } = programs.descriptors
  const libbpf = loadLibbpf()
  const pins = cgroupPins(libbpf, pinFolder)
  // Cgroups that the kernel does not tell of (again), as long as they are here.
  const noted = programs.mapFd('udp_cgroups')
  const instances = programs.mapFd('udp_instances')
  const instance = new Uint32Array(udpInstance.size / 4)
  const instanceView = new DataView(instance.buffer)
  const attached = new Map<number, Attachment>()
  const failed = new Set<number>()

  const pinned = pins.cgroupIds()
  // What an agent before was told and could not attach is told again.
  const told = new Uint32Array(2)
  while (libbpf.firstKey(noted, told) >= 0) libbpf.deleteEntry(noted, told)
  const root = openCgroup(mount)
  const rootLink = linkOf('socket', root)
  closeSync(root.fd)
  if (rootLink < 0) throw attachError('udp_socket', rootLink)

  function attach(cgroupId: number, path: string | undefined, nowMs: number): boolean {
    if (attached.has(cgroupId)) return true
    const problem = tryToAttach(cgroupId, path, nowMs)
    if (problem === '') return true
    telemetry.udpAttachFailures.inc({ reason: problem })
    failed.add(cgroupId)
    if (problem !== 'gone') warn('udp', `UDP is not counted in cgroup ${path}: ${problem}`)
    return false
  }

  /** Gives what failed as the value of a label, empty if nothing. */
  function tryToAttach(cgroupId: number, path: string | undefined, nowMs: number): string {
    if (path === undefined) return 'gone'
    if (attached.size >= maxAttached) return 'too_many'
    let cgroup
    try {
      cgroup = openCgroup(mount + path)
    } catch (error) {
      return reasonOf(error)
    }
    const links: number[] = []
    try {
      if (cgroup.cgroupId !== cgroupId) return 'gone'
      // The programs run as soon as the first link is there, and look here which cgroup it is.
      check(libbpf.update(programs.mapFd('udp_attaching'), FIRST, words(cgroupId)))
      links.push(check(linkOf('egress', cgroup)), check(linkOf('ingress', cgroup)))
      check(libbpf.update(instances, words(cgroupId), Uint32Array.of(...words(cgroupId), 0, 0)))
      check(libbpf.update(noted, words(cgroupId), Uint32Array.of(1)))
    } catch (error) {
      for (const fd of links) closeSync(fd)
      pins.remove(cgroupId)
      return reasonOf(error)
    } finally {
      closeSync(cgroup.fd)
    }
    attached.set(cgroupId, { path, links, usedMs: nowMs })
    telemetry.udpCgroups.set(attached.size)
    return ''
  }

  /** Takes over what is pinned. Gives a descriptor, or the negative errno. */
  function linkOf(hook: CgroupHook, cgroup: { fd: number; cgroupId: number }): number {
    const before = pins.open(cgroup.cgroupId, hook)
    if (before >= 0) return before
    const fd = libbpf.attachCgroup(programs.programFd(`udp_${hook}`), cgroup.fd, hook)
    if (fd < 0) return fd
    const result = pins.pin(fd, cgroup.cgroupId, hook)
    if (result < 0) warn('udp-pins', `cannot pin below ${pinFolder}: ${getSystemErrorName(result)}`)
    return fd
  }

  function leave(cgroupId: number): void {
    // First, so that the next socket there is told again.
    libbpf.deleteEntry(noted, words(cgroupId))
    pins.remove(cgroupId)
    for (const fd of attached.get(cgroupId)?.links ?? []) closeSync(fd)
    attached.delete(cgroupId)
    telemetry.udpCgroups.set(attached.size)
  }

  /** Whether there was a socket or a datagram since the last call. */
  function wasUsed(cgroupId: number): boolean {
    const key = words(cgroupId)
    const made = new Uint8Array(4)
    const isMade = libbpf.lookup(noted, key, made) >= 0 && made[0] === 1
    if (isMade) libbpf.update(noted, key, Uint32Array.of(0))
    const isSeen =
      libbpf.lookup(instances, key, new Uint8Array(instance.buffer)) >= 0 &&
      udpInstance.isUsed(instanceView, 0) === 1
    if (isSeen) libbpf.update(instances, key, Uint32Array.of(...key, 0, 0))
    return isMade || isSeen
  }

  return {
    attach,
    leaveUnused: (nowMs, idleMs) => {
      for (const cgroupId of failed) libbpf.deleteEntry(noted, words(cgroupId))
      failed.clear()
      let left = 0
      for (const [cgroupId, attachment] of attached) {
        if (!isThere(mount + attachment.path, cgroupId)) {
          leave(cgroupId)
        } else if (wasUsed(cgroupId)) {
          attachment.usedMs = nowMs
        } else if (nowMs - attachment.usedMs >= idleMs) {
          leave(cgroupId)
          left += 1
        }
      }
      return left
    },
    pinned,
    adopt: (cgroupId, path, nowMs) => {
      if (path === undefined) pins.remove(cgroupId)
      else attach(cgroupId, path, nowMs)
    },
    [Symbol.dispose]: () => {
      for (const { links } of attached.values()) for (const fd of links) closeSync(fd)
      closeSync(rootLink)
    },
  }
}

/** Throws what says that it is not there. */
function openCgroup(path: string): { fd: number; cgroupId: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  return { fd, cgroupId: fstatSync(fd).ino }
}

function isThere(path: string, cgroupId: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === cgroupId
}

function words(value: number): Uint32Array {
  return Uint32Array.of(value, Math.floor(value / 2 ** 32))
}

function check(result: number): number {
  if (result < 0) throw attachError('udp_egress and udp_ingress', result)
  return result
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error instanceof AttachError) return error.reason
  const code = 'code' in error ? String(error.code).toLowerCase() : 'unknown'
  return code === 'enoent' || code === 'enodev' ? 'gone' : code
}

function attachError(program: string, result: number): AttachError {
  return new AttachError(program, getSystemErrorName(result))
}

class AttachError extends KernelError {
  readonly reason: string

  constructor(program: string, errno: string) {
    super(`cannot attach ${program}: ${errno}`, {
      code: 'BPF_ATTACH',
      fix: 'Grant CAP_NET_ADMIN beside CAP_BPF and CAP_PERFMON, or set udp: off',
    })
    this.reason = errno.toLowerCase()
  }
}
