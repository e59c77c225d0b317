import type { ConnectionRows } from './connections.ts'

export type Snapshot = ConnectionRows & {
  /** When Prometheus gave these rows; undefined if it never did. */
  readonly readAtMs: number | undefined
  /** Why the rows are not those of now. */
  readonly problem: string | undefined
}

type Slot = { last: Snapshot; askedMs: number; pending: Promise<Snapshot> | undefined }

const nothing: Snapshot = { rows: [], truncated: 0, readAtMs: undefined, problem: undefined }

/**
 * Shares one answer per window among all viewers for `freshMs`, failures too. While reading fails
 * the last good rows stay, with the problem. At most `maxWindows` windows are held.
 */
export function connectionsCache(options: {
  read: (windowSeconds: number) => Promise<ConnectionRows>
  freshMs: number
  maxWindows: number
  now?: () => number
}): (windowSeconds: number) => Promise<Snapshot> {
  const { read, freshMs, maxWindows, now = Date.now } = options
  const slots = new Map<number, Slot>()

  return async windowSeconds => {
    const slot = slots.get(windowSeconds) ?? {
      last: nothing,
      askedMs: -Infinity,
      pending: undefined,
    }
    // Set anew, so that the window asked for longest ago is the first to go.
    slots.delete(windowSeconds)
    slots.set(windowSeconds, slot)
    const [oldest] = slots.keys()
    if (slots.size > maxWindows && oldest !== undefined) slots.delete(oldest)

    if (slot.pending) return slot.pending
    if (now() - slot.askedMs < freshMs) return slot.last
    slot.pending = refresh(windowSeconds, slot)
    return slot.pending
  }

  async function refresh(windowSeconds: number, slot: Slot): Promise<Snapshot> {
    try {
      const { rows, truncated } = await read(windowSeconds)
      slot.last = { rows, truncated, readAtMs: now(), problem: undefined }
    } catch (error) {
      slot.last = { ...slot.last, problem: error instanceof Error ? error.message : String(error) }
    }
    slot.askedMs = now()
    slot.pending = undefined
    return slot.last
  }
}
