import { startNative, type Counts } from './native.ts'

export const NAMESPACES = 64
/** A process may hold too few descriptors for all. */
const HOLDERS = 4

export type HeldOpen = AsyncDisposable & {
  /** Each client sends so many bytes to its server; resolves when they are acknowledged. */
  readonly send: (size: number) => Promise<void>
  /** What both ends wrote and read so far. */
  readonly counts: () => Counts
}

/** Opens connections in 64 network namespaces. Half of the sockets are clients. */
export async function holdOpen(cgroup: string, sockets: number): Promise<HeldOpen> {
  const words = ['hold', cgroup, NAMESPACES / HOLDERS, sockets / 2 / NAMESPACES]
  await using stack = new AsyncDisposableStack()
  const holders = Array.from({ length: HOLDERS }, () => stack.use(startNative(words)))
  let last: readonly Counts[] = []
  const send = async (size: number) => {
    last = await Promise.all(holders.map(holder => holder.traffic(`${size}`)))
  }
  await send(0)
  const owned = stack.move()
  const sum = (end: 'client' | 'server') => ({
    opened: last.reduce((total, counts) => total + counts[end].opened, 0),
    sent: last.reduce((total, counts) => total + counts[end].sent, 0),
    received: last.reduce((total, counts) => total + counts[end].received, 0),
  })
  return {
    send,
    counts: () => ({ ns: 0, client: sum('client'), server: sum('server') }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
