import { closeSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { KernelError } from '../system/error.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import { loadLibc } from '../system/libc.ts'
import type { Programs } from '../object/descriptors.ts'
import { cgroupEvent, cgroupEventKinds } from '../wire.gen.ts'

export type CgroupEvent = {
  readonly kind: (typeof cgroupEventKinds)[number]
  /** Inode of the cgroup's directory. */
  readonly cgroupId: number
  /** From the root of the hierarchy, with `/` in front; empty unless it was just born. */
  readonly path: string
}

/** What the programs tell of cgroups. Reading and waiting need no capability. */
export type CgroupEvents = Disposable & {
  /** Everything told since the last call. Throws KernelError. */
  readonly read: () => CgroupEvent[]
  /**
   * Until there is something to read, it is disposed, or `timeoutMs` have passed. Occupies one thread of
   * libuv's pool. Gives false once it is disposed.
   */
  readonly wait: (timeoutMs: number) => Promise<boolean>
}

/** Throws KernelError. */
export function openCgroupEvents(programs: Pick<Programs, 'mapFd'>): CgroupEvents {
  const libc = loadLibc()
  const mapFd = programs.mapFd('cgroup_events')
  let told: CgroupEvent[] = []
  const ring = loadLibbpf().openRing(mapFd, record => void told.push(decode(record)))
  if (!ring) throw eventsError('libbpf cannot map its buffer')
  // Readable once it is disposed, so that nobody waits on.
  const ended = libc.openEvent()
  if (ended < 0) {
    ring[Symbol.dispose]()
    throw eventsError(getSystemErrorName(ended))
  }
  let waiting = 0
  let isClosed = false

  function closeUnlessWaitedFor(): void {
    if (isClosed && waiting === 0) closeSync(ended)
  }
  return {
    read: () => {
      if (isClosed) return []
      const result = ring.read()
      if (result < 0) throw eventsError(getSystemErrorName(result))
      const events = told
      told = []
      return events
    },
    wait: async timeoutMs => {
      if (isClosed) return false
      waiting += 1
      try {
        await libc.waitReadable([mapFd, ended], timeoutMs)
      } finally {
        waiting -= 1
        closeUnlessWaitedFor()
      }
      return !isClosed
    },
    [Symbol.dispose]: () => {
      if (isClosed) return
      isClosed = true
      ring[Symbol.dispose]()
      libc.setEvent(ended)
      closeUnlessWaitedFor()
    },
  }
}

const text = new TextDecoder()

function decode(record: DataView): CgroupEvent {
  const length = Math.max(cgroupEvent.pathLength(record, 0) - 1, 0)
  const path = new Uint8Array(record.buffer, record.byteOffset + cgroupEvent.path.offset, length)
  return {
    kind: cgroupEventKinds[cgroupEvent.kind(record, 0)] ?? 'born',
    cgroupId: cgroupEvent.cgroupId(record, 0),
    path: text.decode(path),
  }
}

function eventsError(why: string): KernelError {
  return new KernelError(`cannot read what happens to cgroups: ${why}`, {
    code: 'DRAIN',
    fix: 'Names come from scanning meanwhile; if it goes on, restart the agent',
  })
}
