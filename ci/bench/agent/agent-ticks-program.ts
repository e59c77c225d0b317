import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { aggregation } from '../../../agent/aggregate/aggregate.ts'
import { ownMetrics } from '../../../agent/aggregate/own-metrics.ts'
import { attribution } from '../../../agent/attribute/attribute.ts'
import { decodeFlows } from '../../../agent/drain/flows.ts'
import { returnMemory } from '../../../agent/kernel/system/return-memory.ts'
import { flowKey, flowSlot } from '../../../agent/kernel/wire.gen.ts'
import { startDelivery } from '../../../agent/sinks/delivery/delivery.ts'
import { encodeWriteRequest } from '../../../agent/sinks/remote-write/encode-1.ts'
import { createTelemetry } from '../../../agent/telemetry.ts'
import { recordedDrain } from '../../../agent/test/fake-kernel.ts'

/** agent-ticks-program.ts TICKS: says as JSON what `measureTicks` gives. */
const ticks = Number(process.argv[2])
const INTERVAL_MS = 10_000
const CHANGES_EVERY = 100

const telemetry = createTelemetry('bench', '0.0.0')
const cgroups = { scan: () => {}, ownerOf: () => ({ kind: 'unit', unit: 'shop.service' }) as const }
const attributed = attribution({ cgroups, telemetry })
const aggregate = aggregation({
  nodeName: 'bench',
  cluster: '',
  names2021: false,
  maxSeries: 1_000,
  idleMs: 50 * INTERVAL_MS,
  intervalMs: INTERVAL_MS,
  startedMs: 0,
  telemetry,
})
const { registry } = telemetry
const own = ownMetrics({ registry, cluster: '', intervalMs: INTERVAL_MS, startedMs: 0 })
const sink = startDelivery({
  name: 'main',
  telemetry,
  log: () => {},
  queueLimit: 100_000,
  maxSamplesPerSend: 2_000,
  encode: encodeWriteRequest,
  send: () => Promise.resolve({ kind: 'taken' as const }),
})

const { count, entries } = recordedDrain()
let tenthMb = Number.NaN
for (let tick = 1; tick <= ticks; tick++) {
  nextRemoteEnds(Math.floor(tick / CHANGES_EVERY))
  const nowMs = tick * INTERVAL_MS
  const flows = attributed.attribute(decodeFlows({ count, entries }), nowMs)
  for (const samples of [...aggregate(flows, nowMs), ...own(nowMs)]) sink.offer(samples)
  await setImmediate()
  // As often as the agent does would be most of the time of this benchmark.
  if (tick % (ticks / 10) === 0) returnMemory()
  if (tick === ticks / 10) tenthMb = residentMb()
}
const series = telemetry.series.readings.get('[]')?.value ?? 0
const wholeMb = residentMb()
process.stdout.write(JSON.stringify({ ticks, series, tenthMb, wholeMb }))

/** Every other flow goes to another port, so that series end and begin. */
function nextRemoteEnds(number: number): void {
  for (let index = 0; index < count; index += 2) {
    const port = index * flowSlot.size + flowSlot.key.offset + flowKey.remoteAddress.offset + 16
    entries.setUint16(port, 1 + ((number + index) % 60_000), true)
  }
}

function residentMb(): number {
  const [, kilobytes] =
    /^Rss:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8')) ?? []
  return (Number(kilobytes) * 1_024) / 1e6
}
