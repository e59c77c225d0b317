import { decodeFlows } from '../../agent/drain/flows.ts'
import type { DrainedFlows } from '../../agent/kernel/kernel.ts'
import { flowKey, flowValue } from '../../agent/kernel/wire.gen.ts'
import type { Flow } from '../../agent/model.ts'
import { startCounting, type Counting } from './counting.ts'
import { loadFiller } from './filler.ts'
import { startNative, type Native } from './native.ts'
import type { Bench } from './result.ts'
import { spreadOf } from './spread.ts'

/** As in ci/bench/bpf/fill.bpf.c. */
const FILLED_CGROUPS = 1_000_000

type Taken = { readonly ms: number; readonly flows: readonly Flow[]; readonly raw: DrainedFlows }

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
    const theirs = await drainOneByOne(hash, ours.raw)
    requireFilled(ours.flows, entries)
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

async function drainAll({ kernel }: Counting): Promise<Taken> {
  const start = performance.now()
  const raw = await kernel.drain()
  const flows = decodeFlows(raw)
  return { ms: performance.now() - start, flows, raw }
}

async function drainOneByOne(hash: Native, { keys, values, count }: DrainedFlows): Promise<Taken> {
  hash.write(bytesOf(keys))
  hash.write(bytesOf(values))
  const takenNs = Number(await hash.readLine())
  const [takenKeys, takenValues] = [
    viewOf(await hash.readBytes(count * flowKey.size)),
    viewOf(await hash.readBytes(count * flowValue.size)),
  ]
  const raw = { count, keys: takenKeys, values: takenValues }
  const start = performance.now()
  const flows = decodeFlows(raw)
  return { ms: takenNs / 1e6 + performance.now() - start, flows, raw }
}

function requireFilled(flows: readonly Flow[], entries: number): void {
  const filled = flows.filter(flow => flow.cgroupId >= FILLED_CGROUPS)
  if (filled.length !== entries) throw new Error(`${filled.length} of ${entries} flows came out`)
}

function requireSame(ours: readonly Flow[], theirs: readonly Flow[]): void {
  if (sorted(ours) !== sorted(theirs)) throw new Error('the two ways give different flows')
}

function sorted(flows: readonly Flow[]): string {
  return flows
    .map(flow => JSON.stringify(flow))
    .toSorted()
    .join('\n')
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
