import { Counter, Gauge, Registry } from 'prom-client'

/** The agent's own metrics: every stage counts what it loses, with a reason. */
export type Telemetry = ReturnType<typeof createTelemetry>

/** A fresh registry with every metric of the agent; `nodeName` becomes the label `source_host` of all of them. */
export function createTelemetry(nodeName: string, version: string) {
  const registry = new Registry()
  registry.setDefaultLabels({ source_host: nodeName })
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter<Label>({ name: `podatlas_agent_${name}`, help, labelNames, registers })
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name: `podatlas_agent_${name}`, help, labelNames, registers })

  gauge('info', 'Always 1; the labels say what runs on this node', ['version']).set({ version }, 1)
  return {
    registry,
    kernelDrops: counter('kernel_drops_total', 'Events the kernel programs could not count', [
      'reason',
    ]),
    kernelSkippedRuns: counter(
      'kernel_skipped_runs_total',
      'Runs of a kernel program that the kernel skipped; its twin did the work',
      ['program'],
    ),
    kernelMapEntries: gauge('kernel_map_entries', 'Entries found at the last drain', ['map']),
    kernelMapCapacity: gauge('kernel_map_capacity', 'Entries the kernel map can hold', ['map']),
    lostBytes: counter('lost_bytes_total', 'Bytes counted by the kernel and lost since', [
      'reason',
    ]),
    unattributedBytes: counter('unattributed_bytes_total', 'Bytes whose owner is not fully known', [
      'reason',
    ]),
    heldBytes: gauge('held_bytes', 'Bytes that wait for the name of their pod'),
    foldedBytes: counter('folded_bytes_total', 'Bytes folded into destination_ip="other"'),
    series: gauge('series', 'Traffic series alive'),
    seriesBudget: gauge('series_budget', 'Traffic series this node may have'),
    drainFailures: counter('drain_failures_total', 'Drains of the kernel maps that failed'),
    podWatchFailures: counter(
      'pod_watch_failures_total',
      'Lists and watches of pods that ended in an error',
      ['reason'],
    ),
    sinkSamplesSent: counter('sink_samples_sent_total', 'Samples the destination took', ['sink']),
    sinkSamplesDropped: counter('sink_samples_dropped_total', 'Samples that never arrive', [
      'sink',
      'reason',
    ]),
    sinkFailures: counter('sink_failures_total', 'Requests that failed', ['sink', 'reason']),
    sinkQueueSamples: gauge('sink_queue_samples', 'Samples waiting to be sent', ['sink']),
    sinkDelay: gauge('sink_delay_seconds', 'Age of the oldest sample that waits', ['sink']),
  }
}
