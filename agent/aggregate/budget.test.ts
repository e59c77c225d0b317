import { expect, test } from 'vitest'
import type { AttributedFlow, Sample, Series } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { aggregation } from './aggregate.ts'
import { trafficMetrics } from './metrics.ts'

const INTERVAL_MS = 10_000
const SENT = 'podatlas_transmit_bytes_total'

function budgeted(maxSeries: number, idleMs = 3_600_000) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const options = { nodeName: 'node-1', cluster: '', names2021: false }
  const times = { intervalMs: INTERVAL_MS, startedMs: 0, idleMs }
  const aggregate = aggregation({ ...options, ...times, maxSeries, telemetry })
  return { aggregate, telemetry }
}

function flowTo(remoteAddress: string, bytesSent: number, pod = 'web-1'): AttributedFlow {
  return exampleFlow({
    remoteAddress,
    bytesSent,
    connectionsOpened: 1,
    owner: { namespace: 'shop', pod, container: 'nginx' },
  })
}

/** Budget of which 90 series are for remote ends and 10 for the `other` of containers. */
const SMALL = 4 * trafficMetrics.length + 100

function sent(
  samples: readonly Sample[] | undefined,
): { remote: string; pod?: string; value: number }[] {
  return (samples ?? []).flatMap(({ series, value }) => {
    const labels = Object.fromEntries(series.labels)
    if (labels['__name__'] !== SENT) return []
    const { destination_ip: remote = '', k8s_pod: pod } = labels
    return [{ remote, value, ...(pod === undefined ? {} : { pod }) }]
  })
}

test('what exceeds the budget folds into "other" of its container, smallest first, and is counted', () => {
  // 90 series are 30 remote ends: bytes sent, bytes received, connections opened.
  const { aggregate, telemetry } = budgeted(SMALL)
  const flows = Array.from({ length: 40 }, (_, i) => flowTo(`192.0.2.${i}`, i + 1))
  const [, values] = aggregate(flows, 1_790_000_000_000)
  const kept = sent(values).filter(({ remote }) => remote !== 'other')
  expect(kept.map(({ value }) => value).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 30 }, (_, i) => i + 11),
  )
  const folded = (10 * 11) / 2
  expect(sent(values)).toContainEqual({ remote: 'other', pod: 'web-1', value: folded })
  expect([...telemetry.foldedBytes.readings.values()][0]?.value).toBe(folded)
})

test('containers beyond the budget share the "other" of the node, which has no container', () => {
  const { aggregate } = budgeted(SMALL)
  const flows = Array.from({ length: 60 }, (_, i) => flowTo('192.0.2.1', 1, `pod-${i}`))
  const [, values] = aggregate(flows, 1_790_000_000_000)
  expect(sent(values)).toContainEqual({ remote: 'other', value: 60 - 30 - 3 })
})

test('a remote end that ends makes room for a new one', () => {
  const { aggregate } = budgeted(SMALL, 2 * INTERVAL_MS)
  const first = Array.from({ length: 30 }, (_, i) => flowTo(`192.0.2.${i}`, 1))
  aggregate(first, INTERVAL_MS)
  const [, second] = aggregate([flowTo('198.51.100.1', 5)], 2 * INTERVAL_MS)
  expect(sent(second)).toContainEqual({ remote: 'other', pod: 'web-1', value: 5 })
  aggregate([], 3 * INTERVAL_MS)
  const [, fourth] = aggregate([flowTo('198.51.100.1', 6)], 4 * INTERVAL_MS)
  expect(sent(fourth)).toContainEqual({ remote: '198.51.100.1', pod: 'web-1', value: 6 })
})

test('a signal born late at a full budget counts in "other", and its bytes stay where they were', () => {
  const { aggregate, telemetry } = budgeted(SMALL)
  const flows = Array.from({ length: 30 }, (_, i) => flowTo(`192.0.2.${i}`, 1))
  aggregate(flows, INTERVAL_MS)
  const late = { ...flowTo('192.0.2.3', 2), retransmits: 4 }
  const [, values] = aggregate([late], 2 * INTERVAL_MS)
  expect(sent(values)).toContainEqual({ remote: '192.0.2.3', pod: 'web-1', value: 3 })
  expect(sent(values)).toContainEqual({ remote: 'other', pod: 'web-1', value: 0 })
  const retransmits = values?.filter(
    ({ series }) => series.labels[0]?.[1] === 'podatlas_tcp_retransmits_total',
  )
  expect(retransmits).toMatchObject([{ value: 4 }])
  expect(Object.fromEntries(retransmits?.[0]?.series.labels ?? [])['destination_ip']).toBe('other')
  expect([...telemetry.foldedSignals.readings.values()][0]?.value).toBe(1)
})

test('what the kernel had no room for counts in the "other" of its container, without a port', () => {
  const { aggregate } = budgeted(SMALL)
  const [, values] = aggregate([{ ...flowTo('other', 7), servicePort: 0 }], INTERVAL_MS)
  expect(sent(values)).toEqual([{ remote: 'other', pod: 'web-1', value: 7 }])
  expect(values?.[0]?.series.labels.map(([name]) => name)).not.toContain('destination_port')
})

// A small generator with a seed, so that a failure can be repeated.
function random(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Most flows know most signals not at all. */
function randomFlow(pick: (below: number) => number): AttributedFlow {
  const rarely = (below: number) => (pick(6) === 0 ? pick(below) : 0)
  const flow = flowTo(`192.0.2.${pick(120)}`, pick(100_000), `pod-${pick(12)}`)
  return {
    ...flow,
    role: pick(2) === 0 ? 'client' : 'server',
    protocol: pick(3) === 0 ? 'udp' : 'tcp',
    bytesReceived: rarely(1_000_000),
    connectionsOpened: pick(3),
    rttSumUs: rarely(5_000_000),
    rttSamples: rarely(9),
    retransmits: rarely(30),
    datagramsSent: rarely(100),
    datagramsReceived: rarely(100),
    failedRefused: rarely(3),
    failedTimedOut: rarely(3),
    failedUnreachable: rarely(3),
    failedOther: rarely(3),
    resetByUs: rarely(3),
    resetByPeer: rarely(3),
  }
}

const counters = trafficMetrics.filter(({ type }) => type === 'counter')
const [SENT_BYTES, RECEIVED_BYTES] = [0, 1]

test.for([1, 2, 3, 4, 5, 6, 7, 8])(
  'under random traffic (seed %i) every sum is exact and the budget holds at every tick',
  seed => {
    const pick = random(seed)
    const maxSeries = 100 + pick(1_000)
    const { aggregate, telemetry } = budgeted(maxSeries, (3 + pick(5)) * INTERVAL_MS)
    const last = new Map<Series, Counted>()
    const offered = counters.map(() => 0)
    for (let at = 1; at <= 60; at++) {
      const flows = Array.from({ length: pick(60) }, () => randomFlow(pick))
      for (const [i, { of }] of counters.entries())
        offered[i] = flows.reduce((sum, flow) => sum + of(flow), offered[i] ?? 0)
      const batches = aggregate(flows, at * INTERVAL_MS)
      for (const batch of batches) {
        expect(new Set(batch.map(({ series }) => series)).size).toBe(batch.length)
        expect(batch.length).toBeLessThanOrEqual(maxSeries)
      }
      for (const { series, value, isStale } of batches.flat()) {
        if (isStale) continue
        const counted = last.get(series) ?? counterOf(series)
        expect(value).toBeGreaterThanOrEqual(counted.value)
        last.set(series, { ...counted, value })
      }
      // Ended series keep their last value here: what they counted stays counted.
      const sums = new Map<number, number>()
      let folded = 0
      for (const { metric, isFolded, value } of last.values()) {
        const whole = Math.round(value * (counters[metric]?.perUnit ?? 1))
        sums.set(metric, (sums.get(metric) ?? 0) + whole)
        if (isFolded && (metric === SENT_BYTES || metric === RECEIVED_BYTES)) folded += whole
      }
      for (const [i, { labels }] of counters.entries())
        expect(sums.get(i) ?? 0, labels.join()).toBe(offered[i])
      expect([...telemetry.foldedBytes.readings.values()][0]?.value).toBe(folded)
    }
    const keys = [...last.keys()].map(({ labels, startMs }) => JSON.stringify([labels, startMs]))
    expect(new Set(keys).size).toBe(keys.length)
  },
)

type Counted = { readonly metric: number; readonly isFolded: boolean; readonly value: number }

function counterOf(series: Series): Counted {
  const has = Object.fromEntries(series.labels)
  const metric = counters.findIndex(({ labels }) =>
    labels.every(([name, value]) => has[name] === value),
  )
  return { metric, isFolded: has['destination_ip'] === 'other', value: 0 }
}
