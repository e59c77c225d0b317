import { messageOf } from '../program/message-of.ts'

export type Snapshot<Value> = Value & {
  /** When Prometheus gave this; undefined if it never did. */
  readonly readAtMs: number | undefined
  /** Why it is not that of now. */
  readonly problem: string | undefined
}

type Slot<Value> = {
  last: Snapshot<Value>
  askedMs: number
  pending: Promise<Snapshot<Value>> | undefined
}

/**
 * Shares one answer per request among all viewers for `freshMs`, failures too. While reading fails
 * the last good answer stays, with the problem. At most `maxKept` requests are held.
 */
export function answerCache<Request, Value extends object>(options: {
  read: (request: Request) => Promise<Value>
  /** What stands for an answer before there is one. */
  nothing: Value
  freshMs: number
  maxKept: number
  now?: () => number
}): (request: Request) => Promise<Snapshot<Value>> {
  const { read, nothing, freshMs, maxKept, now = Date.now } = options
  const slots = new Map<string, Slot<Value>>()

  return async request => {
    const key = JSON.stringify(request)
    const slot = slots.get(key) ?? {
      last: { ...nothing, readAtMs: undefined, problem: undefined },
      askedMs: -Infinity,
      pending: undefined,
    }
    // Set anew, so that the request asked for longest ago is the first to go.
    slots.delete(key)
    slots.set(key, slot)
    const [oldest] = slots.keys()
    if (slots.size > maxKept && oldest !== undefined) slots.delete(oldest)

    if (slot.pending) return slot.pending
    if (now() - slot.askedMs < freshMs) return slot.last
    slot.pending = refresh(request, slot)
    return slot.pending
  }

  async function refresh(request: Request, slot: Slot<Value>): Promise<Snapshot<Value>> {
    try {
      slot.last = { ...(await read(request)), readAtMs: now(), problem: undefined }
    } catch (error) {
      slot.last = { ...slot.last, problem: messageOf(error) }
    }
    slot.askedMs = now()
    slot.pending = undefined
    return slot.last
  }
}
