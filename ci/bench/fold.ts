import { withEmptyIterator } from './bytecode.ts'
import { makeCgroup } from './cgroup.ts'
import { requireEqual, settle, startCounting, type Counting } from './counting.ts'
import { holdOpen, NAMESPACES, type HeldOpen } from './held-open.ts'
import { startNative, type Native } from './native.ts'
import type { Bench } from './result.ts'
import { spreadOf } from './spread.ts'

const SIZES = [
  { sockets: 4_096, atMost: 160 },
  { sockets: 32_768, atMost: 300 },
]
const SMALL = [{ sockets: 256, atMost: 160 }]
const PASSES = 10

/** Open sockets of many network namespaces folded into flows, against a program that returns at once. */
export const benchFold: Bench = async ({ isSmall, print }) => {
  const pairs = isSmall ? 1 : 12
  using empty = withEmptyIterator()
  for (const { sockets, atMost } of isSmall ? SMALL : SIZES) {
    await using cgroup = makeCgroup()
    using counting = startCounting()
    using idling = startCounting({ bytecode: empty.path })
    await using held = await holdOpen(cgroup.path, sockets)
    await using walker = startNative(['iterate'], [liveLink(counting), liveLink(idling)])
    await settle()

    const taken = await walkInTurns(walker, held, pairs)
    requireEqual(await counting.take(cgroup.id), held.counts())
    const perSocket = (passes: readonly number[]) => spreadOf(passes.map(ns => ns / sockets))
    const details = {
      pairs,
      namespaces: NAMESPACES,
      emptyProgramNs: perSocket(taken.empty),
      emptyProgramColdNs: perSocket(taken.emptyCold),
      idleColdNs: perSocket(taken.idleCold),
    }
    for (const [state, passes] of [
      ['idle', taken.idle],
      ['with new bytes', taken.withNewBytes],
    ] as const) {
      print({
        bench: 'fold',
        metric: `per socket, ${sockets} sockets ${state}`,
        unit: 'ns',
        measured: perSocket(passes).median,
        goal: { atMost },
        limit: `${Math.round(details.emptyProgramNs.median)} ns, a program that returns at once`,
        spread: perSocket(passes),
        noise: spreadOf(taken.idleAgain.map((ns, pair) => ns / (taken.idle[pair] ?? Number.NaN))),
        details,
      })
    }
  }
}

async function walkInTurns(walker: Native, held: HeldOpen, pairs: number) {
  /** Nanoseconds of a whole walk, the median of some; the first one warms the caches. */
  const walk = async (descriptor: 3 | 4, passes: number, isCold = false) => {
    walker.write(`${descriptor} ${passes} ${isCold ? 1 : 0}\n`)
    const ns: number[] = JSON.parse(await walker.readLine())
    return spreadOf(passes > 1 ? ns.slice(1) : ns).median
  }
  const taken = {
    empty: new Array<number>(),
    emptyCold: new Array<number>(),
    idle: new Array<number>(),
    idleAgain: new Array<number>(),
    idleCold: new Array<number>(),
    withNewBytes: new Array<number>(),
  }
  await walk(3, 1) // books the connections themselves
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) taken.empty.push(await walk(4, 1 + PASSES))
    taken.idle.push(await walk(3, 1 + PASSES))
    taken.idleAgain.push(await walk(3, 1 + PASSES))
    if (pair % 2 === 1) taken.empty.push(await walk(4, 1 + PASSES))
    taken.idleCold.push(await walk(3, 1, true))
    taken.emptyCold.push(await walk(4, 1, true))
    await held.send(1)
    taken.withNewBytes.push(await walk(3, 1))
  }
  return taken
}

function liveLink({ programs }: Counting): number {
  return programs.linkFd('live')
}
