import { aggregation, type AggregationOptions } from '../../aggregate/aggregate.ts'
import type { AttributedFlow, Samples } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'

const INTERVAL_MS = 10_000

/** What an agent offers its sinks at `nowMs`, after one interval in which it saw these flows. */
export function batchesOf(
  flows: readonly AttributedFlow[],
  nowMs: number,
  settings: Partial<AggregationOptions> = {},
): readonly Samples[] {
  const aggregate = aggregation({
    nodeName: 'node-1',
    cluster: '',
    names2021: false,
    maxSeries: 10_000,
    idleMs: 3_600_000,
    intervalMs: INTERVAL_MS,
    startedMs: nowMs - INTERVAL_MS,
    telemetry: createTelemetry('node-1', '1.2.3'),
    ...settings,
  })
  return aggregate(flows, nowMs)
}
