import { createRegistry } from './registry.ts'

/** The agent's own metrics: every stage counts what it loses, with a reason. */
export type Telemetry = ReturnType<typeof createTelemetry>

/** A fresh registry with every metric of the agent; `nodeName` becomes the label `source_host` of all of them. */
export function createTelemetry(nodeName: string, version: string) {
  const registry = createRegistry('podatlas_agent_', { source_host: nodeName })
  const { counter, gauge } = registry

  gauge('info', 'Always 1; the labels say what runs on this node', ['version']).set({ version }, 1)
  const kernelOrigin = gauge(
    'kernel_origin',
    '1 for how the programs got into the kernel: loaded by this agent, or adopted from the one before',
    ['origin'],
  )
  for (const origin of ['loaded', 'adopted']) kernelOrigin.set({ origin }, 0)
  const udpMode = gauge('udp_mode', '1 for the way in which UDP is counted', ['mode'])
  for (const mode of ['fentry', 'cgroup', 'off']) udpMode.set({ mode }, 0)
  return {
    registry,
    cpuSeconds: counter(
      'cpu_seconds_total',
      'CPU time of the agent itself, its programs in the kernel not counted',
    ),
    residentMemory: gauge('resident_memory_bytes', 'Resident memory of the agent itself'),
    kernelDrops: counter('kernel_drops_total', 'Events the kernel programs could not count', [
      'reason',
    ]),
    kernelSkippedRuns: counter(
      'kernel_skipped_runs_total',
      'Runs of a program that the kernel skipped; those of tcp_state are done by its twin',
      ['program'],
    ),
    kernelMapEntries: gauge('kernel_map_entries', 'Entries found at the last drain', ['map']),
    kernelMapCapacity: gauge('kernel_map_capacity', 'Entries the kernel map can hold', ['map']),
    kernelMapBytes: gauge('kernel_map_bytes', 'Memory the kernel map takes', ['map']),
    kernelOrigin,
    kernelPinsUnavailable: gauge(
      'kernel_pins_unavailable',
      '1: the programs end with the agent, because nothing can be pinned',
    ),
    kernelSocketsSeeded: counter(
      'kernel_sockets_seeded_total',
      'Connections older than the programs that were found and are counted since',
    ),
    kernelSeedFailures: counter(
      'kernel_seed_failures_total',
      'Searches for older connections that failed',
    ),
    processWalkFailures: counter(
      'process_walk_failures_total',
      'Searches for the processes that hold connections which failed',
    ),
    udpMode,
    udpCgroups: gauge('udp_cgroups', 'Cgroups to which the UDP programs are attached'),
    udpReattachments: counter(
      'udp_reattachments_total',
      'Cgroups with a UDP socket that was there before its counting: first datagrams may be missing',
    ),
    udpAttachFailures: counter(
      'udp_attach_failures_total',
      'Cgroups to which the UDP programs could not be attached',
      ['reason'],
    ),
    cgroupBirths: counter('cgroup_births_total', 'Cgroups whose birth the kernel told'),
    cgroupBirthsLost: counter(
      'cgroup_births_lost_total',
      'Cgroups whose birth could not be told; they are found by scanning, if they live long enough',
    ),
    bpfRuns: counter('bpf_runs_total', "Runs of a program, if the kernel's statistics are on", [
      'program',
    ]),
    bpfRunSeconds: counter(
      'bpf_run_seconds_total',
      "Time spent in a program, if the kernel's statistics are on (kernel.bpf_stats_enabled)",
      ['program'],
    ),
    lostBytes: counter('lost_bytes_total', 'Bytes counted by the kernel and lost since', [
      'reason',
    ]),
    unattributedBytes: counter('unattributed_bytes_total', 'Bytes whose owner is not fully known', [
      'reason',
    ]),
    heldBytes: gauge('held_bytes', 'Bytes that wait for the name of their pod'),
    foldedBytes: counter(
      'folded_bytes_total',
      'Bytes counted without their remote end, by where: in its network, or in "other" of the container or of the node',
      ['step'],
    ),
    foldedTargets: gauge(
      'folded_targets',
      'Remote ends (with port and owner) of the last interval that had no series of their own',
    ),
    foldedSignals: counter(
      'folded_signals_total',
      'Times a target had room for its bytes but not for another series, so that this was folded',
    ),
    evictedSeries: counter(
      'evicted_series_total',
      'Series that ended because a bigger target, or a container, took their place',
      ['step'],
    ),
    stampsAhead: gauge(
      'stamps_ahead_seconds',
      'How far samples are stamped ahead of the clock, which was set back',
    ),
    series: gauge('series', 'Traffic series alive'),
    seriesBudget: gauge('series_budget', 'Traffic series this node may have'),
    drainFailures: counter('drain_failures_total', 'Drains of the kernel maps that failed'),
    podWatchFailures: counter(
      'pod_watch_failures_total',
      'Lists and watches of pods that ended in an error',
      ['reason'],
    ),
    zoneFailures: counter(
      'zone_failures_total',
      "Requests for the node's zone that ended in an error",
      ['reason'],
    ),
    sinkSamplesOffered: counter('sink_samples_offered_total', 'Samples the sink was given', [
      'sink',
    ]),
    scrapeFailures: counter(
      'scrape_failures_total',
      'Scrapes that were turned away (busy), or not read to the end (slow, gone)',
      ['reason'],
    ),
    sinkSamplesSent: counter('sink_samples_sent_total', 'Samples the destination took', ['sink']),
    sinkSamplesRetried: counter(
      'sink_samples_retried_total',
      'Samples in requests that failed and are made again',
      ['sink'],
    ),
    sinkSamplesDropped: counter(
      'sink_samples_dropped_total',
      'Samples that do not arrive; of those whose reason is unconfirmed, some may have',
      ['sink', 'reason'],
    ),
    sinkValuesCut: counter(
      'sink_values_cut_total',
      'Values of labels that were cut to what the destination takes',
      ['sink'],
    ),
    sinkFailures: counter('sink_failures_total', 'Requests that failed', ['sink', 'reason']),
    sinkWireBytes: counter(
      'sink_wire_bytes_total',
      'Bytes of all requests, as they were sent, failed ones included',
      ['sink'],
    ),
    sinkQueueSamples: gauge(
      'sink_queue_samples',
      'Samples waiting to be sent, in memory or in the spool',
      ['sink'],
    ),
    sinkDelay: gauge('sink_delay_seconds', 'Age of the oldest sample that waits', ['sink']),
    sinkClockSkew: gauge(
      'sink_clock_skew_seconds',
      "How far the destination's clock is ahead of this one, by the Date of its answers",
      ['sink'],
    ),
    sinkSpoolSamples: gauge('sink_spool_samples', 'Samples on disk that are not settled', ['sink']),
    sinkSpoolBytes: gauge('sink_spool_bytes', 'Bytes on disk', ['sink']),
    sinkSpoolCapacity: gauge('sink_spool_capacity_bytes', 'Bytes the spool may have on disk', [
      'sink',
    ]),
    sinkSpoolUnavailable: gauge(
      'sink_spool_unavailable',
      '1: the disk takes nothing, and what waits is in memory only',
      ['sink'],
    ),
    sinkSpoolFailures: counter('sink_spool_failures_total', 'Times the disk took nothing', [
      'sink',
    ]),
  }
}
