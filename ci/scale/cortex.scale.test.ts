import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { labelsOf } from '../../agent/sinks/series-labels.ts'
import { senderTo } from '../../agent/sinks/test/conformance-sender.ts'
import { exampleSample, exampleSeries, reading } from '../../agent/sinks/test/examples.ts'
import { until } from '../../agent/sinks/test/write-receiver.ts'
import { startCortex, type Cortex } from './cortex.ts'
import {
  INTERVAL_MS,
  SERIES_PER_TARGET,
  simulatedNode,
  sum,
  type SimulatedNode,
} from './simulated-node.ts'
import { untilTaken } from './until-taken.ts'

const CLUSTERS = ['berlin', 'osaka']
const NODES_PER_CLUSTER = 2
const SERIES_PER_NODE = 1_000
const TICKS = 6
const KILLED_AFTER = 3

// The settings of docs/sizing.md: a tenant header for each cluster, and the label `cluster`.
describe.each([
  ['as it comes, which refuses 2.0 with 415', [], 1],
  ['with remote write 2.0', ['-distributor.remote-writev2-enabled'], 0],
])('Cortex %s', (_, words, refusals) => {
  let cortex: Cortex
  let nodes: SimulatedNode[]
  let lastMs = 0
  let waitingAtKill = 0

  beforeAll(async () => {
    cortex = await startCortex(words)
    nodes = await Promise.all(
      CLUSTERS.flatMap(cluster =>
        Array.from({ length: NODES_PER_CLUSTER }, (__, index) =>
          simulatedNode({
            cluster,
            nodeName: `${cluster}-${index}`,
            targets: SERIES_PER_NODE / SERIES_PER_TARGET,
            sinks: {
              store: {
                type: 'prometheus',
                endpoint: cortex.endpoint,
                headers: { 'X-Scope-OrgID': cluster },
              },
            },
          }),
        ),
      ),
    )
    const startMs = Date.now() - TICKS * INTERVAL_MS
    for (let tick = 1; tick <= TICKS; tick++) {
      lastMs = startMs + tick * INTERVAL_MS
      for (const node of nodes) node.tick(lastMs)
      if (tick === KILLED_AFTER) {
        waitingAtKill = nodes.reduce((total, node) => total + node.waiting(), 0)
        await cortex.kill()
        await cortex.start()
      }
      await untilTaken(nodes)
    }
  }, 120_000)

  afterAll(async () => {
    await Promise.all(nodes.map(node => node[Symbol.asyncDispose]()))
    await cortex[Symbol.asyncDispose]()
  })

  test('every sample is taken, though it was killed amid the push', () => {
    expect(waitingAtKill).toBeGreaterThan(SERIES_PER_NODE)
    for (const { telemetry, offered, nodeName } of nodes) {
      expect(sum(telemetry.sinkSamplesDropped), nodeName).toBe(0)
      expect(sum(telemetry.sinkSamplesSent), nodeName).toBe(offered())
      expect(sum(telemetry.sinkFailures), nodeName).toBeGreaterThan(0)
    }
  })

  test('a tenant is answered with every sample of its own cluster exactly once, and with no other', async () => {
    for (const cluster of CLUSTERS) {
      const own = nodes.filter(node => node.cluster === cluster)
      const rows = await cortex.samples(cluster, '{source_host=~".+"}', lastMs)
      const answered = new Map(rows.map(row => [keyOf(row.metric), String(row.samples)]))
      const offered = own.flatMap(({ samples }) =>
        [...samples].map(([series, all]) => [keyOf(labelsIn(series)), String(all)] as const),
      )
      expect(answered.size).toBe(offered.length)
      expect(offered.filter(([key, all]) => answered.get(key) !== all).slice(0, 3)).toEqual([])
      expect(new Set(rows.map(({ metric }) => metric.cluster))).toEqual(new Set([cluster]))
    }
  })

  test('who forgets the tenant reads that in the log, and what was lost stands under 401', async () => {
    await using target = senderTo(cortex.endpoint)
    target.offer(exampleSample(exampleSeries(), 1, lastMs))
    const { sinkSamplesDropped } = target.telemetry
    await until(() => reading(sinkSamplesDropped, { reason: '401' }) === 1)
    expect(target.lines.join()).toContain('answered 401: no org id')
  })

  test('2.0 is spoken where it is taken, and 1.0 where it is not', async () => {
    await using target = senderTo(cortex.endpoint, { headers: { 'X-Scope-OrgID': 'quito' } })
    for (const value of [1, 2, 3])
      target.offer(exampleSample(exampleSeries(), value, lastMs + value))
    await until(() => reading(target.telemetry.sinkSamplesSent, {}) === 3)
    const told = target.lines.filter(line => line.includes('from now on it gets remote write 1.0'))
    expect(told).toHaveLength(refusals)
  })
})

function labelsIn(series: Parameters<typeof labelsOf>[0]): Record<string, string> {
  return Object.fromEntries(labelsOf(series))
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
