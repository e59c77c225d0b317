import { aggregation } from '../aggregate/aggregate.ts'
import { attribution } from '../attribute/attribute.ts'
import { decodeFlows } from '../drain/flows.ts'
import { flowSlot } from '../kernel/wire.gen.ts'
import type { Series } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { writeFlow, type TestFlow } from './flow-entries.ts'

/**
 * `node agent/test/address-flood.ts ADDRESSES`: so many remote ends within a minute, each seen once, go
 * the way from the bytes of the kernel's map to the samples of the sinks. Prints one line of JSON about
 * bytes and memory. A process of its own, so that its memory is nobody else's.
 */
const addresses = Number(process.argv[2])
/** As many as the kernel's map holds at its default size. */
const FLOWS_PER_DRAIN = 32_768
const CGROUP = 7

// The kernel's answers are read into one buffer, too.
const entries = new DataView(new ArrayBuffer(FLOWS_PER_DRAIN * flowSlot.size))
const drains = Math.ceil(addresses / FLOWS_PER_DRAIN)
const intervalMs = 60_000 / drains
const telemetry = createTelemetry('node-1', 'test')
const { attribute } = attribution({
  cgroups: { scan: () => {}, ownerOf: () => ({ kind: 'unit', unit: 'scanner.service' }) },
  telemetry,
})
const startedMs = Date.now()
const aggregate = aggregation({
  nodeName: 'node-1',
  cluster: '',
  names2021: false,
  maxSeries: 10_000,
  idleMs: 3_600_000,
  intervalMs,
  startedMs,
  telemetry,
})
/** Bytes of series that have ended, and of those that live. */
let ended = 0
const live = new Map<Series, number>()
let counted = 0
let mostSeries = 0

globalThis.gc?.()
const before = process.memoryUsage()
for (let drain = 0; drain < drains; drain++) {
  const first = drain * FLOWS_PER_DRAIN
  const count = Math.min(FLOWS_PER_DRAIN, addresses - first)
  for (let index = 0; index < count; index++) writeFlow(entries, index, flowTo(first + index))
  const attributed = attribute(decodeFlows({ count, entries }), drain * intervalMs)
  for (const { series, values } of aggregate(attributed, startedMs + (drain + 1) * intervalMs)) {
    for (const [index, one] of series.entries()) take(one, values?.[index])
  }
  mostSeries = Math.max(mostSeries, live.size)
}
const { rss } = process.memoryUsage()
// What is still held, and not what waits for the next collection.
globalThis.gc?.()
const heldMb = (process.memoryUsage().heapUsed - before.heapUsed) / 1e6
const offered = ended + [...live.values()].reduce((sum, bytes) => sum + bytes, 0)
process.stdout.write(
  `${JSON.stringify({ counted, offered, mostSeries, rssMb: rss / 1e6, heldMb })}\n`,
)

/** All over the address space, so that each is of a network of its own. */
function flowTo(index: number): TestFlow {
  const bytesSent = 1 + (index % 1_000)
  counted += bytesSent + 1
  return {
    cgroupId: CGROUP,
    address: (index * 2_654_435_761) % 2 ** 32,
    bytesSent,
    bytesReceived: 1,
  }
}

function take(one: Series, value: number | undefined): void {
  if (!/^podatlas_(transmit|receive)_bytes_total$/.test(one.metric.name)) return
  if (value !== undefined) live.set(one, value)
  else {
    ended += live.get(one) ?? 0
    live.delete(one)
  }
}
