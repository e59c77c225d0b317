import { expect, test } from 'vitest'
import type { AttributedFlow, Samples } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { samplesOf } from '../test/sample.ts'
import { aggregation, type AggregationOptions } from './aggregate.ts'
import { trafficMetrics } from './metrics.ts'

const INTERVAL_MS = 10_000
const SENT = 'podatlas_transmit_bytes_total'
/**
 * Budget of which 90 series are for remote ends (30 targets of bytes sent, bytes received, connections
 * opened), 5 for networks (one target) and 5 for the `other` of containers (one target).
 */
const SMALL = 4 * trafficMetrics.length + 100

function budgeted(options: Partial<AggregationOptions> = {}) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const aggregate = aggregation({
    nodeName: 'node-1',
    cluster: '',
    names2021: false,
    intervalMs: INTERVAL_MS,
    startedMs: 0,
    idleMs: 3_600_000,
    maxSeries: SMALL,
    telemetry,
    ...options,
  })
  const counted = (metric: 'foldedBytes' | 'evictedSeries'): Record<string, number> =>
    Object.fromEntries(
      [...telemetry[metric].readings.values()].map(({ labels, value }) => [labels['step'], value]),
    )
  let at = 0
  /** One tick. */
  const tick = (...flows: AttributedFlow[]) => {
    const batches = aggregate(flows, ++at * INTERVAL_MS)
    const find = (timestampMs: number, isEnd: boolean) =>
      batches.find(batch => batch.timestampMs === timestampMs && isEnd === !batch.values)
    const [values, ended] = [find(at * INTERVAL_MS, false), find(at * INTERVAL_MS, true)]
    return {
      get sent() {
        return sent(values)
      },
      get ended() {
        return sent(ended)
      },
    }
  }
  return { tick, telemetry, counted }
}

function flowTo(remoteAddress: string, bytesSent: number, pod = 'web-1'): AttributedFlow {
  return exampleFlow({
    remoteAddress,
    bytesSent,
    connectionsOpened: 1,
    owner: { namespace: 'shop', pod, container: 'nginx' },
  })
}

function nobodyTo(address: string): AttributedFlow {
  return { ...flowTo(address, 5), owner: {} }
}

/** Bytes sent by remote end, and by pod if there is one. */
function sent(batch: Samples | undefined): Record<string, number> {
  return Object.fromEntries(
    samplesOf(batch).flatMap(({ series, labels, value }) => {
      if (series.metric.name !== SENT) return []
      const { destination_ip: remote = '', k8s_pod: pod = 'no pod' } = Object.fromEntries(labels)
      return [[pod === 'web-1' ? remote : `${remote} of ${pod}`, value]]
    }),
  )
}

/** So many targets in a network, each of so many bytes. */
function flowsTo(network: string, count: number, bytes: number | ((i: number) => number)) {
  const bytesOf = typeof bytes === 'number' ? () => bytes : bytes
  return Array.from({ length: count }, (_, i) => flowTo(`${network}.${i}`, bytesOf(i)))
}

test('remote ends beyond the budget count in their network, the smallest first, without a port', () => {
  const { tick, telemetry, counted } = budgeted()
  const { sent: values } = tick(...flowsTo('192.0.2', 40, i => i + 1))
  const { '192.0.2.0/24': folded, ...exact } = values
  expect(Object.values(exact).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 30 }, (_, i) => i + 11),
  )
  expect(folded).toBe((10 * 11) / 2)
  expect(counted('foldedBytes')).toEqual({ network: 55 })
  expect([...telemetry.foldedTargets.readings.values()]).toMatchObject([{ value: 10 }])
})

test('networks beyond the budget count in "other" of their container, containers in that of the node', () => {
  const { tick, counted } = budgeted()
  const { sent: values } = tick(
    ...flowsTo('192.0.2', 30, 1_000),
    ...[1, 2, 3].map(i => flowTo(`203.0.${i}.1`, i)),
    flowTo('203.0.113.1', 2, 'web-2'),
    flowTo('203.0.113.1', 1, 'web-3'),
  )
  expect(values).toMatchObject({
    '203.0.3.0/24': 3,
    other: 3,
    'other of web-2': 2,
    'other of no pod': 1,
  })
  expect(Object.keys(values)).toHaveLength(30 + 4)
  expect(counted('foldedBytes')).toEqual({ network: 3, container: 5, node: 1 })
})

test('IPv6 folds by /48', () => {
  const { tick } = budgeted()
  tick(...flowsTo('192.0.2', 30, 1_000))
  const { sent: values } = tick(flowTo('2001:db8:5:1::7', 3), flowTo('2001:db8:5:2::8', 4))
  expect(values).toMatchObject({ '2001:db8:5::/48': 7 })
})

test('a newcomer clearly bigger than the smallest takes its place, which ends and folds from then on', () => {
  const { tick, counted } = budgeted()
  tick(...flowsTo('192.0.2', 30, i => 100 * (i + 1)))
  const { sent: values, ended } = tick(flowTo('198.51.100.1', 500), flowTo('192.0.2.0', 1))
  expect(values).toMatchObject({ '198.51.100.1': 500, '192.0.2.0/24': 1 })
  expect(values).not.toHaveProperty(['192.0.2.0'])
  expect(Object.keys(ended)).toEqual(['192.0.2.0'])
  expect(counted('evictedSeries')).toEqual({ exact: 3 })
})

test('one that comes back starts from zero, later than its end', () => {
  const { tick } = budgeted()
  tick(...flowsTo('192.0.2', 30, i => 100 * (i + 1)))
  tick(flowTo('198.51.100.1', 500))
  const { sent: values } = tick(flowTo('192.0.2.0', 9_000))
  expect(values).toMatchObject({ '192.0.2.0': 9_000 })
})

test('targets of about one size do not take each other’s place, however long they take turns', () => {
  const { tick, counted } = budgeted()
  tick(...flowsTo('192.0.2', 30, 1_000))
  for (let i = 0; i < 200; i++)
    tick(...(i % 2 === 0 ? flowsTo('192.0.2', 30, 1_000) : flowsTo('198.51.100', 30, 1_000)))
  expect(counted('evictedSeries')).toEqual({})
})

test('what has gone silent makes way within minutes', () => {
  const { tick } = budgeted()
  tick(...flowsTo('192.0.2', 30, 1_000))
  for (let i = 0; i < 30; i++) tick()
  expect(tick(flowTo('198.51.100.1', 100)).sent).toMatchObject({ '198.51.100.1': 100 })
})

test('a scan, each address bigger than those before, replaces the budget once an hour and no faster', () => {
  const { tick, counted } = budgeted({ maxSeries: 1_000 })
  const TICKS = 360
  for (let i = 0; i < TICKS; i++)
    tick(...Array.from({ length: 40 }, (_, j) => flowTo(`10.${i >> 8}.${i & 255}.${j}`, 3 ** i)))
  const { exact = 0, network = 0, container = 0 } = counted('evictedSeries')
  // The allowance of an hour, the tenth that is there at once, and the last one that exceeds it.
  expect(exact + network + container).toBeGreaterThan(1_000)
  expect(exact + network + container).toBeLessThan(1_150)
})

test('namespaces with priority keep their remote ends, whatever others send', () => {
  const { tick, counted } = budgeted({ priorityNamespaces: ['bank'] })
  const ofBank = { ...flowTo('203.0.113.1', 0), owner: { namespace: 'bank' } }
  tick(...flowsTo('192.0.2', 30, 1_000_000))
  const { sent: values } = tick(ofBank)
  expect(values).toMatchObject({ '203.0.113.1 of no pod': 0 })
  tick(...flowsTo('198.51.100', 30, 1e12), ofBank)
  const { sent: later } = tick(...flowsTo('198.51.100', 30, 1e12))
  expect(later).toMatchObject({ '203.0.113.1 of no pod': 0 })
  expect(counted('evictedSeries')['exact']).toBeGreaterThan(3)
})

test('containers get their "other" in place of remote ends, as long as these are many', () => {
  const { tick } = budgeted()
  tick(...flowsTo('192.0.2', 30, 1_000))
  const pods = Array.from({ length: 8 }, (_, i) => `pod-${i}`)
  for (let i = 0; i < 9; i++)
    tick(
      ...pods.map((pod, j) => flowTo(`10.${i}.${j}.1`, 1, pod)),
      ...flowsTo('192.0.2', 30, 1_000),
    )
  const { sent: values } = tick(...pods.map((pod, j) => flowTo(`10.99.${j}.1`, 1, pod)))
  for (const pod of pods) expect(values).toHaveProperty([`other of ${pod}`])
  expect(
    Object.keys(values).filter(remote => remote.startsWith('192.0.2.')).length,
  ).toBeGreaterThan(15)
})

test('a target that ends makes room for a new one', () => {
  const { tick } = budgeted({ idleMs: 2 * INTERVAL_MS })
  tick(...flowsTo('192.0.2', 30, 9))
  expect(tick(flowTo('198.51.100.1', 5)).sent).toMatchObject({ '198.51.100.0/24': 5 })
  tick()
  expect(tick(flowTo('198.51.100.1', 6)).sent).toMatchObject({ '198.51.100.1': 6 })
})

test('a signal born late at a full budget is folded, and its bytes stay where they were', () => {
  const { tick, telemetry } = budgeted()
  tick(...flowsTo('192.0.2', 30, 10))
  const { sent: values } = tick({ ...flowTo('192.0.2.3', 2), retransmits: 4 })
  expect(values).toMatchObject({ '192.0.2.3': 12, '192.0.2.0/24': 0 })
  expect([...telemetry.foldedSignals.readings.values()]).toMatchObject([{ value: 1 }])
})

test('a signal of a big target takes the place of a small one', () => {
  const { tick } = budgeted()
  tick(...flowsTo('192.0.2', 30, i => 100 * (i + 1)))
  const { ended } = tick({ ...flowTo('192.0.2.29', 3_000), retransmits: 4 })
  expect(Object.keys(ended)).toEqual(['192.0.2.0'])
})

test('what the kernel had no room for counts in the "other" of its container, without a port', () => {
  const { tick, counted } = budgeted()
  expect(tick({ ...flowTo('other', 7), servicePort: 0 }).sent).toEqual({ other: 7 })
  expect(counted('foldedBytes')).toEqual({ container: 7 })
})

test('without an owner, what folds is one series, whichever step it came from', () => {
  const { tick } = budgeted()
  tick(...flowsTo('192.0.2', 30, 1_000), nobodyTo('203.0.113.1'))
  const { sent: values } = tick(nobodyTo('other'), nobodyTo('198.51.100.1'))
  expect(values).toMatchObject({ 'other of no pod': 10 })
})
