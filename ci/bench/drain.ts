import { decodeFlows } from '../../agent/drain/flows.ts'
import type { DrainedFlows } from '../../agent/kernel/kernel.ts'
import { flowKey, flowSlot, flowValue } from '../../agent/kernel/wire.gen.ts'
import type { Flow } from '../../agent/model.ts'
import { startCounting, type Counting } from './counting.ts'
import { loadFiller } from './filler.ts'
import { collectGarbage } from './garbage.ts'
import { startNative, type Native } from './native.ts'
import type { Bench } from './result.ts'
import { spreadOf } from './spread.ts'

/** As in ci/bench/bpf/fill.bpf.c. */
const FILLED_CGROUPS = 1_000_000

type Entries = Pick<DrainedFlows, 'count' | 'entries'>
type Taken = { readonly ms: number; readonly flows: readonly Flow[]; readonly raw: Entries }

/**
 * Flows taken out of the kernel and decoded, against three system calls per entry on a plain hash
 * map of the same keys and values, and the same decoding.
 */
export const benchDrain: Bench = async ({ isSmall, print }) => {
  const entries = isSmall ? 2_000 : 100_000
  const pairs = isSmall ? 1 : 12
  using counting = startCounting({ maxFlows: 131_072 })
  using filler = loadFiller(counting.programs)
  await using hash = startNative(['one-by-one', flowKey.size, flowValue.size, entries])
  const [whole, empty, plain]: [number[], number[], number[]] = [[], [], []]

  for (let pair = -2; pair < pairs; pair++) {
    filler.fill(entries)
    const ours = await drainAll(counting)
    if (ours.raw.count !== entries)
      throw new Error(`${ours.raw.count} of ${entries} flows came out`)
    const theirs = await drainOneByOne(hash, ours.raw)
    if (pair < 0) requireSame(ours.flows, theirs.flows)
    const nothing = await drainAll(counting)
    if (pair < 0) continue // warms up
    whole.push(ours.ms)
    empty.push(nothing.ms)
    plain.push(theirs.ms)
  }

  // An empty drain sleeps until no program uses the old map; that does not grow with the entries.
  const sleepMs = spreadOf(empty).median
  const perSecond = spreadOf(whole.map(ms => entries / (ms - sleepMs) / 1_000))
  const ratio = spreadOf(plain.map((ms, pair) => ms / ((whole[pair] ?? Number.NaN) - sleepMs)))
  const noise = spreadOf(whole.slice(1).map((ms, pair) => ms / (whole[pair] ?? Number.NaN)))
  const details = {
    pairs,
    entries,
    drainMs: spreadOf(whole),
    emptyDrainMs: spreadOf(empty),
    oneByOneMs: spreadOf(plain),
  }
  print({
    bench: 'drain',
    metric: 'faster than one by one',
    unit: '×',
    measured: ratio.median,
    goal: { atLeast: 6 },
    limit: '~20',
    spread: ratio,
    noise,
    details,
  })
  print({
    bench: 'drain',
    metric: 'entries read and decoded, million/s',
    unit: 'M/s',
    measured: perSecond.median,
    goal: { atLeast: 2.5 },
    limit: '~10, 100 ns per entry',
    spread: perSecond,
    noise,
    details: {},
  })
}

/** Released as soon as they are decoded; what is kept of them is a copy, made when the time is taken. */
async function drainAll({ kernel }: Counting): Promise<Taken> {
  collectGarbage()
  const start = performance.now()
  const drained = await kernel.drain()
  const flows = decodeFlows(drained)
  const decodedMs = performance.now() - start
  const raw = filledOf(drained)
  const beforeRelease = performance.now()
  drained.release()
  const ms = decodedMs + performance.now() - beforeRelease
  return { ms, flows, raw }
}

/** Others on this machine have flows too: only what was filled in is for the comparison. */
function filledOf({ count, entries }: Entries): Entries {
  const kept: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const start = index * flowSlot.size
    if (flowKey.cgroupId(entries, start + flowSlot.key.offset) < FILLED_CGROUPS) continue
    kept.push(new Uint8Array(entries.buffer, entries.byteOffset + start, flowSlot.size))
  }
  const copy = Uint8Array.from(Buffer.concat(kept))
  return { count: kept.length, entries: new DataView(copy.buffer) }
}

async function drainOneByOne(hash: Native, { count, entries }: Entries): Promise<Taken> {
  for (const field of [flowSlot.key, flowSlot.value]) {
    hash.write(gather(entries, count, field))
  }
  const takenNs = Number(await hash.readLine())
  const taken = new Uint8Array(count * flowSlot.size)
  for (const field of [flowSlot.key, flowSlot.value]) {
    scatter(await hash.readBytes(count * field.size), taken, field)
  }
  const raw = { count, entries: new DataView(taken.buffer) }
  collectGarbage()
  const start = performance.now()
  const flows = decodeFlows(raw)
  return { ms: takenNs / 1e6 + performance.now() - start, flows, raw }
}

function requireSame(ours: readonly Flow[], theirs: readonly Flow[]): void {
  const filled = ours.filter(flow => flow.cgroupId >= FILLED_CGROUPS)
  if (sorted(filled) !== sorted(theirs)) throw new Error('the two ways give different flows')
}

function sorted(flows: readonly Flow[]): string {
  return flows
    .map(flow => JSON.stringify(flow))
    .toSorted()
    .join('\n')
}

type Field = { readonly offset: number; readonly size: number }

/** One field of all entries, one after the other. */
function gather({ buffer, byteOffset }: DataView, count: number, field: Field): Uint8Array {
  const gathered = new Uint8Array(count * field.size)
  for (let index = 0; index < count; index++) {
    const start = byteOffset + index * flowSlot.size + field.offset
    gathered.set(new Uint8Array(buffer, start, field.size), index * field.size)
  }
  return gathered
}

function scatter(gathered: Uint8Array, entries: Uint8Array, { offset, size }: Field): void {
  for (let index = 0; index * size < gathered.length; index++) {
    const one = gathered.subarray(index * size, (index + 1) * size)
    entries.set(one, index * flowSlot.size + offset)
  }
}
