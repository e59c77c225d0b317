import { expect, test } from 'vitest'
import type { AttributedFlow, Sample, Series } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { aggregation } from './aggregate.ts'

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

test('what exceeds the budget folds into "other" of its container, smallest first, and is counted', async () => {
  // 100 series are 25 targets: 18 remote ends, then room for containers' "other".
  const { aggregate, telemetry } = budgeted(100)
  const flows = Array.from({ length: 40 }, (_, i) => flowTo(`192.0.2.${i}`, i + 1))
  const [, values] = aggregate(flows, 1_790_000_000_000)
  const kept = sent(values).filter(({ remote }) => remote !== 'other')
  expect(kept.map(({ value }) => value).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 18 }, (_, i) => i + 23),
  )
  const folded = (22 * 23) / 2
  expect(sent(values)).toContainEqual({ remote: 'other', pod: 'web-1', value: folded })
  expect((await telemetry.foldedBytes.get()).values[0]?.value).toBe(folded)
})

test('containers beyond the budget share the "other" of the node, which has no container', () => {
  const { aggregate } = budgeted(100)
  const flows = Array.from({ length: 60 }, (_, i) => flowTo('192.0.2.1', 1, `pod-${i}`))
  const [, values] = aggregate(flows, 1_790_000_000_000)
  expect(sent(values)).toContainEqual({ remote: 'other', value: 60 - 21 })
})

test('a remote end that ends makes room for a new one', () => {
  const { aggregate } = budgeted(100, 2 * INTERVAL_MS)
  const first = Array.from({ length: 18 }, (_, i) => flowTo(`192.0.2.${i}`, 1))
  aggregate(first, INTERVAL_MS)
  const [, second] = aggregate([flowTo('198.51.100.1', 5)], 2 * INTERVAL_MS)
  expect(sent(second)).toContainEqual({ remote: 'other', pod: 'web-1', value: 5 })
  aggregate([], 3 * INTERVAL_MS)
  const [, fourth] = aggregate([flowTo('198.51.100.1', 6)], 4 * INTERVAL_MS)
  expect(sent(fourth)).toContainEqual({ remote: '198.51.100.1', pod: 'web-1', value: 6 })
})

// A small generator with a seed, so that a failure can be repeated.
function random(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test.for([1, 2, 3, 4, 5])(
  'under random traffic (seed %i) sums are exact and the budget holds at every tick',
  async seed => {
    const pick = random(seed)
    const maxSeries = 100 + pick(200)
    const { aggregate, telemetry } = budgeted(maxSeries, (3 + pick(5)) * INTERVAL_MS)
    const last = new Map<Series, number>()
    let offered = 0
    for (let at = 1; at <= 60; at++) {
      const flows = Array.from({ length: pick(60) }, () => ({
        ...flowTo(`192.0.2.${pick(120)}`, pick(100_000), `pod-${pick(12)}`),
        role: pick(2) === 0 ? ('client' as const) : ('server' as const),
      }))
      offered += flows.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
      const batches = aggregate(flows, at * INTERVAL_MS)
      for (const batch of batches) {
        expect(new Set(batch.map(({ series }) => series)).size).toBe(batch.length)
        expect(batch.length).toBeLessThanOrEqual(maxSeries)
      }
      for (const { series, value, isStale } of batches.flat()) {
        if (series.labels[0]?.[1] !== SENT || isStale) continue
        expect(value).toBeGreaterThanOrEqual(last.get(series) ?? 0)
        last.set(series, value)
      }
      // Ended series keep their last value here: what they counted stays counted.
      const kept = total(last, false)
      const folded = total(last, true)
      expect(kept + folded).toBe(offered)
      expect((await telemetry.foldedBytes.get()).values[0]?.value).toBe(folded)
    }
  },
)

function total(last: ReadonlyMap<Series, number>, isFolded: boolean): number {
  return [...last]
    .filter(([{ labels }]) => labels.some(([, value]) => value === 'other') === isFolded)
    .reduce((sum, [, value]) => sum + value, 0)
}
