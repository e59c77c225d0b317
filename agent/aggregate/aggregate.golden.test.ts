import { expect, test } from 'vitest'
import type { AttributedFlow, Samples } from '../model.ts'
import { encodeWriteRequest } from '../sinks/remote-write/encode-1.ts'
import type { Arrived } from '../sinks/test/write-request-decode.ts'
import { decodeWriteRequest } from '../sinks/test/write-request-decode.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { aggregation, type AggregationOptions } from './aggregate.ts'
import { metrics2021, trafficMetrics } from './metrics.ts'
import { ownMetrics } from './own-metrics.ts'

const INTERVAL_MS = 10_000
const START_MS = Date.parse('2026-11-23T05:00:00Z')

const web = {
  namespace: 'shop',
  pod: 'web-6d4f9c-x2x7k',
  container: 'nginx',
  workload: 'web',
  workloadKind: 'Deployment',
  image: 'docker.io/library/nginx:1.29',
  containerId: '5f0c',
}
const ticks: readonly (readonly AttributedFlow[])[] = [
  [
    exampleFlow({
      owner: web,
      bytesSent: 1_234,
      bytesReceived: 56_789,
      connectionsOpened: 2,
      rttSumUs: 24_500,
      rttSamples: 2,
      rttMinUs: 11_200,
    }),
    exampleFlow({
      owner: web,
      role: 'server',
      servicePort: 8080,
      remoteAddress: '2001:db8::5',
      bytesReceived: 4_096,
      connectionsOpened: 1,
    }),
    exampleFlow({
      owner: { container: 'ssh.service' },
      servicePort: 22,
      role: 'server',
      bytesSent: 48,
    }),
    exampleFlow({
      owner: web,
      protocol: 'udp',
      servicePort: 53,
      bytesSent: 33,
      bytesReceived: 120,
      datagramsSent: 1,
      datagramsReceived: 1,
    }),
  ],
  [
    exampleFlow({ owner: web, bytesSent: 6, retransmits: 3, resetByPeer: 1 }),
    exampleFlow({ servicePort: 80, failedRefused: 1 }),
  ],
  [exampleFlow({ owner: web, bytesSent: 60, rttSumUs: 9_000, rttSamples: 1, rttMinUs: 9_000 })],
  [
    exampleFlow({ owner: web, bytesReceived: 1, resetByUs: 1 }),
    exampleFlow({ servicePort: 80, failedTimedOut: 1, failedUnreachable: 1, failedOther: 1 }),
  ],
]

function aggregatorOf(changed: Partial<AggregationOptions>) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const options = { nodeName: 'node-1', cluster: 'east', names2021: false, maxSeries: 1_000 }
  const times = { intervalMs: INTERVAL_MS, startedMs: 0, idleMs: 2 * INTERVAL_MS }
  return aggregation({ ...options, ...times, telemetry, ...changed })
}

function flowTo(remoteAddress: string, bytesSent: number): AttributedFlow {
  return exampleFlow({
    owner: web,
    remoteAddress,
    bytesSent,
    process: { pid: 7, command: 'nginx' },
  })
}

/** What a receiver reads out of the requests, as Prometheus would expose it. */
async function exposition(batches: readonly Samples[]): Promise<string> {
  const requests = await Promise.all(
    batches.map(batch => decodeWriteRequest(encodeWriteRequest(batch))),
  )
  const texts = requests.map(samples => `# request\n${samples.map(lineOf).toSorted().join('')}`)
  return texts.join('\n')
}

function lineOf({ labels, value, timestampMs, isStale }: Arrived): string {
  const { __name__: name, ...others } = Object.fromEntries(labels)
  const pairs = Object.entries(others).map(([label, text]) => `${label}=${JSON.stringify(text)}`)
  return `${name}{${pairs.join(',')}} ${isStale ? 'StaleNaN' : value} ${timestampMs}\n`
}

test.for([
  ['traffic', false],
  ['traffic-2021', true],
] as const)('four ticks of flows arrive as %s.prom', async ([name, names2021]) => {
  const aggregate = aggregatorOf({ names2021 })
  const batches = ticks.flatMap((flows, i) => aggregate(flows, START_MS + i * INTERVAL_MS))
  const received = await exposition(batches)
  await expect(received).toMatchFileSnapshot(`../test/golden/${name}.prom`)
  const expected = names2021 ? [...trafficMetrics, ...metrics2021] : trafficMetrics
  const missing = expected.filter(metric => !received.includes(`\n${metric.name}{`))
  expect(missing.map(metric => metric.name)).toEqual([])
})

test('what exceeds a budget of 100 series, and every label, arrives as traffic-folded.prom', async () => {
  const labels = {
    add: ['container_image', 'container_id', 'zone'],
    drop: ['k8s_workload_kind'],
    processes: true,
  } as const
  const aggregate = aggregatorOf({ maxSeries: 100, labels, zone: () => 'eu-1a' })
  const inTurn = [
    Array.from({ length: 20 }, (_, i) => flowTo(`198.51.100.${i}`, 1_000 - i)),
    [flowTo('2001:db8::1', 5_000), flowTo('198.51.100.17', 1), flowTo('203.0.113.5', 2)],
  ]
  const batches = inTurn.flatMap((flows, i) => aggregate(flows, START_MS + i * INTERVAL_MS))
  await expect(await exposition(batches)).toMatchFileSnapshot('../test/golden/traffic-folded.prom')
})

test("the agent's own metrics arrive as agent.prom, each with its labels", async () => {
  const telemetry = createTelemetry('node-1', '1.2.3')
  telemetry.cpuSeconds.inc(1.5)
  telemetry.residentMemory.set(58_720_256)
  telemetry.kernelDrops.inc({ reason: 'flows_full' }, 3)
  telemetry.kernelSkippedRuns.inc({ program: 'on_state' }, 4)
  telemetry.kernelMapEntries.set({ map: 'flows' }, 12)
  telemetry.kernelMapCapacity.set({ map: 'flows' }, 65_536)
  telemetry.kernelMapBytes.set({ map: 'flows' }, 14_155_776)
  telemetry.kernelOrigin.set({ origin: 'adopted' }, 1)
  telemetry.kernelSocketsSeeded.inc(21)
  telemetry.kernelSeedFailures.inc()
  telemetry.processWalkFailures.inc()
  telemetry.drainFailures.inc()
  telemetry.udpMode.set({ mode: 'cgroup' }, 1)
  telemetry.udpCgroups.set(5)
  telemetry.udpReattachments.inc(2)
  telemetry.udpAttachFailures.inc({ reason: 'EPERM' })
  telemetry.cgroupBirths.inc(14)
  telemetry.cgroupBirthsLost.inc(2)
  telemetry.bpfRuns.inc({ program: 'tcp_state' }, 3)
  telemetry.bpfRunSeconds.inc({ program: 'tcp_state' }, 0.000_001)
  telemetry.lostBytes.inc({ reason: 'flows_full' }, 1_500)
  telemetry.unattributedBytes.inc({ reason: 'unknown_pod' }, 40)
  telemetry.foldedBytes.inc({ step: 'network' }, 900)
  telemetry.foldedTargets.set(8)
  telemetry.series.set(9_000)
  telemetry.seriesBudget.set(10_000)
  telemetry.heldBytes.set(512)
  telemetry.foldedSignals.inc(6)
  telemetry.evictedSeries.inc({ step: 'exact' }, 12)
  telemetry.stampsAhead.set(3_590)
  telemetry.podWatchFailures.inc({ reason: '503' })
  telemetry.zoneFailures.inc({ reason: '503' })
  telemetry.scrapeFailures.inc({ reason: 'busy' })
  telemetry.sinkSamplesOffered.inc({ sink: 'main' }, 49)
  telemetry.sinkSamplesSent.inc({ sink: 'main' }, 40)
  telemetry.sinkSamplesRetried.inc({ sink: 'main' }, 5)
  telemetry.sinkSamplesDropped.inc({ sink: 'main', reason: '400' }, 2)
  telemetry.sinkFailures.inc({ sink: 'main', reason: '400' })
  telemetry.sinkQueueSamples.set({ sink: 'main' }, 7)
  telemetry.sinkDelay.set({ sink: 'main' }, 1.5)
  telemetry.sinkWireBytes.inc({ sink: 'main' }, 4_096)
  telemetry.sinkClockSkew.set({ sink: 'main' }, -0.5)
  telemetry.sinkSpoolSamples.set({ sink: 'main' }, 7)
  telemetry.sinkSpoolBytes.set({ sink: 'main' }, 8_192)
  telemetry.sinkSpoolCapacity.set({ sink: 'main' }, 65_536)
  telemetry.sinkSpoolUnavailable.set({ sink: 'main' }, 1)
  telemetry.sinkSpoolFailures.inc({ sink: 'main' })
  telemetry.sinkValuesCut.inc({ sink: 'main' })
  const { registry } = telemetry
  const read = ownMetrics({ registry, cluster: 'east', intervalMs: INTERVAL_MS, startedMs: 0 })
  const pushed = await exposition(read(START_MS))
  await expect(pushed).toMatchFileSnapshot('../test/golden/agent.prom')
  const missing = registry.metrics.filter(({ name }) => !pushed.includes(`\n${name}{`))
  expect(missing.map(({ name }) => name)).toEqual([])
})
