import { withEmptyIterator } from './bytecode.ts'
import { makeCgroup } from './cgroup.ts'
import { requireEqual, settle, startCounting, type Counting } from './counting.ts'
import { startNative, type Counts, type Native } from './native.ts'
import type { Bench } from './result.ts'
import { spreadOf } from './spread.ts'

const SIZES = [
  { sockets: 4_096, atMostNs: 160 },
  { sockets: 32_768, atMostNs: 300 },
]
const SMALL = [{ sockets: 256, atMostNs: 160 }]
const NAMESPACES = 64
/** A process may hold too few descriptors for all. */
const HOLDERS = 4
const PASSES = 3

type Walk = () => Promise<number>

/** Open sockets of many network namespaces folded into flows; against a program that returns at once. */
export const benchFold: Bench = async ({ isSmall, print }) => {
  const pairs = isSmall ? 1 : 12
  using empty = withEmptyIterator()
  for (const { sockets, atMostNs } of isSmall ? SMALL : SIZES) {
    await using cgroup = makeCgroup()
    using counting = startCounting()
    using idling = startCounting({ bytecode: empty.path })
    await using holders = await holdOpen(cgroup.path, sockets)
    await using walker = startNative(['iterate'], [linkOf(counting), linkOf(idling)])
    const walk = (descriptor: number, passes: number) => async () =>
      spreadOf(await passesOf(walker, descriptor, passes)).median / sockets
    const [live, once, nothing] = [walk(3, PASSES), walk(3, 1), walk(4, PASSES)]
    await settle()

    await once() // the flows of the connections just opened
    const measured = await measure({ live, nothing, once, pairs, send: () => holders.send(1) })
    requireEqual(await counting.take(cgroup.id), holders.counts())
    for (const kind of ['idle', 'withNewBytes'] as const) {
      print({
        bench: 'fold',
        metric: `per socket, ${sockets} sockets ${kind === 'idle' ? 'idle' : 'with new bytes'}`,
        unit: 'ns',
        measured: measured[kind].median,
        goal: { atMost: atMostNs },
        limit: '2–3 cache misses, 200–300 ns cold',
        spread: measured[kind],
        noise: measured.noise,
        details: { pairs, namespaces: NAMESPACES, emptyProgramNs: measured.empty },
      })
    }
  }
}

type Ways = {
  readonly live: Walk
  readonly once: Walk
  readonly nothing: Walk
  readonly send: () => Promise<void>
  readonly pairs: number
}

async function measure({ live, once, nothing, send, pairs }: Ways) {
  const [empty, idle, again, withNewBytes]: [number[], number[], number[], number[]] = [
    [],
    [],
    [],
    [],
  ]
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) empty.push(await nothing())
    idle.push(await live())
    again.push(await live())
    if (pair % 2 === 1) empty.push(await nothing())
    await send()
    withNewBytes.push(await once())
  }
  return {
    empty: spreadOf(empty),
    idle: spreadOf(idle),
    withNewBytes: spreadOf(withNewBytes),
    noise: spreadOf(again.map((ns, pair) => ns / (idle[pair] ?? Number.NaN))),
  }
}

function linkOf({ programs }: Counting): number {
  return programs.linkFd('live')
}

async function passesOf(walker: Native, descriptor: number, passes: number): Promise<number[]> {
  walker.write(`${descriptor} ${passes}\n`)
  return JSON.parse(await walker.readLine())
}

/** Half of the sockets are clients. */
async function holdOpen(cgroup: string, sockets: number) {
  const namespaces = NAMESPACES / HOLDERS
  const words = ['hold', cgroup, namespaces, sockets / 2 / NAMESPACES]
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
