import { messageOf } from '../../message-of.ts'
import type { CgroupBirths } from './cgroup-births.ts'
import type { CgroupEvent } from './cgroup-events.ts'
import { runIterator } from '../system/iterator.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import { openUdpCgroups, type UdpCgroups, type UdpCgroupsOptions } from './udp-cgroups.ts'

export type UdpOptions = UdpCgroupsOptions & {
  readonly births: Pick<CgroupBirths, 'listen' | 'read'>
  readonly cgroups: {
    readonly scan: (nowMs: number) => void
    /** Below the mount, for any cgroup that the last scan saw. */
    readonly pathOf: (cgroupId: number) => string | undefined
  }
  /** A cgroup in which nothing was UDP for so long is left alone, so that its TCP costs nothing. */
  readonly idleMs?: number
  readonly sweepEveryMs?: number
}

export type Udp = Disposable & {
  /** Leaves what has been idle, and what is gone. Runs by itself every minute. */
  readonly sweep: (nowMs: number) => Promise<void>
}

/** So many cgroups are attached before other work has its turn: about 10 ms. */
const BATCH = 64
/** Births beyond wait for their first socket. Sockets are told once per cgroup, which bounds them. */
const MAX_WAITING = 10_000
const NOTHING: Udp = { sweep: () => Promise.resolve(), [Symbol.dispose]: () => undefined }

/**
 * Keeps UDP counted where there is any: attaches to each cgroup when it is born or makes a UDP socket.
 * Needs CAP_NET_ADMIN for that as long as it runs. Does nothing unless the programs count by cgroup.
 */
export async function startUdp(options: UdpOptions): Promise<Udp> {
  const { programs, births, cgroups, warn, idleMs = 300_000, sweepEveryMs = 60_000 } = options
  if (programs.udp !== 'cgroup') return NOTHING
  const opened = openOrWarn(options)
  if (opened === undefined) return NOTHING
  const attachments: UdpCgroups = opened
  // Every cgroup with an open socket is marked as used, or told.
  const findSockets = () => runIterator(loadLibbpf(), programs.linkFd('udp_sockets'))
  const queue: Pick<CgroupEvent, 'kind' | 'cgroupId' | 'path'>[] = []
  // An agent before counted what was older; what it did not live to attach to is late.
  let hasCounted = programs.descriptors.origin === 'adopted' || attachments.pinned.length > 0
  // Until the start is over it is told of some twice: by the search, and by what nobody read meanwhile.
  let lateAtStart: Set<number> | undefined = new Set()
  let isWorking = false
  let isClosed = false

  function work(): void {
    isWorking = false
    if (isClosed) return
    const batch = queue.splice(0, BATCH)
    if (batch.some(({ path, cgroupId }) => pathOf(path, cgroupId) === undefined)) {
      cgroups.scan(performance.now())
    }
    for (const { kind, cgroupId, path } of batch) {
      const isCounted = attachments.attach(cgroupId, pathOf(path, cgroupId), Date.now())
      // The kernel tells of sockets only where it was not attached yet, also if a birth came before.
      const isLate = kind === 'udp_socket' || (kind === 'udp_found' && hasCounted)
      if (!isCounted || !isLate || lateAtStart?.has(cgroupId)) continue
      lateAtStart?.add(cgroupId)
      options.telemetry.udpReattachments.inc()
    }
    if (queue.length > 0) workSoon()
  }

  function workSoon(): void {
    if (isWorking) return
    isWorking = true
    setImmediate(work)
  }

  const pathOf = (path: string, cgroupId: number) => (path === '' ? cgroups.pathOf(cgroupId) : path)

  async function sweep(nowMs: number): Promise<void> {
    await findSockets()
    if (isClosed) return
    const left = attachments.leaveUnused(nowMs, idleMs)
    // A socket that was made since the search is found by a second one.
    if (left > 0) await findSockets()
  }

  births.listen(events => {
    const isFull = queue.length >= MAX_WAITING
    queue.push(...(isFull ? events.filter(({ kind }) => kind !== 'born') : events))
    // At once: who made the cgroup is about to start a program in it.
    if (!isWorking) work()
  })
  const timer = setInterval(() => {
    sweep(Date.now()).catch((error: unknown) => warn('udp', messageOf(error)))
  }, sweepEveryMs).unref()
  cgroups.scan(performance.now())
  for (const cgroupId of attachments.pinned) {
    attachments.adopt(cgroupId, cgroups.pathOf(cgroupId), Date.now())
  }
  await findSockets()
  births.read()
  while (queue.length > 0) work()
  hasCounted = true
  lateAtStart = undefined
  return {
    sweep,
    [Symbol.dispose]: () => {
      isClosed = true
      clearInterval(timer)
      attachments[Symbol.dispose]()
    },
  }
}

/** Without UDP the agent is still of use. */
function openOrWarn(options: UdpOptions): UdpCgroups | undefined {
  try {
    return openUdpCgroups(options)
  } catch (error) {
    options.warn('udp', `UDP is not counted: ${messageOf(error)}`)
    return undefined
  }
}
