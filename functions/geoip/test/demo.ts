import type { Parts } from '../app.ts'
import type { VectorSample } from '../../prometheus/samples.ts'
import type { Query } from '../config.ts'
import { entryCollector } from '../entries.ts'
import { locator, passedOver } from '../locate.ts'
import { geoMetrics } from '../metrics.ts'
import { placeSeries } from '../series.ts'
import type { Found } from '../database/lookup.ts'

const found: Readonly<Record<string, Found>> = {
  '192.0.2.1': {
    place: {
      country: 'DE',
      countryName: 'Germany',
      city: 'Berlin',
      region: 'Land Berlin',
      postcode: '10115',
      latitude: 52.52,
      longitude: 13.405,
    },
    network: { asNumber: 64_496, asOrganization: 'Example "Net"' },
  },
  '2001:db8::1': {
    place: { country: 'JP', countryName: 'Japan', latitude: 35.68, longitude: 139.69 },
  },
  '203.0.113.10': { network: { asNumber: 64_511 } },
}

/** What a query of 2021 answers: two pods, places known, half known, unknown and private. */
export const answer: readonly VectorSample[] = [
  sample('shop', 'checkout-0', '192.0.2.1', 4_096),
  sample('shop', 'checkout-1', '192.0.2.1', 1_024),
  sample('billing', 'sync"\\\n', '2001:db8::1', 17),
  sample('billing', 'sync', '203.0.113.9', 2),
  sample('billing', 'sync', '10.0.0.1', 5_000_000),
  sample('billing', 'sync', 'other', 3),
  { labels: { destination_ip: '192.0.2.1' }, value: 1 },
]

/** A query of the demo; the second one has a name. */
export function demoQuery(name = '', maxAddresses = 100): Query {
  return {
    name,
    query: 'up',
    addressLabel: 'destination_ip',
    labels: ['k8s_namespace', 'k8s_pod'],
    pollEveryMs: 10_000,
    maxAddresses,
  }
}

/** Metrics, series and lookups over these places, fed by `take` as a poll feeds them. */
export function demoMetrics(maxAddresses = 100) {
  const query = demoQuery('', maxAddresses)
  const metrics = geoMetrics()
  const series = placeSeries(maxAddresses)
  const locate = locator(address => found[address] ?? {}, metrics.countLookup)
  const take = (samples: readonly VectorSample[], nowMs: number, of = query) => {
    const collector = entryCollector({
      maxEntries: maxAddresses,
      passedOver,
      locate,
      count: metrics.countLookup,
    })
    for (const { labels, value } of samples) {
      const names = [of.addressLabel, ...of.labels]
      collector.add(
        names.map(name => labels[name]),
        value,
      )
    }
    const entries = collector.finish()
    metrics.countDropped(of, entries.dropped + series.replace(of, entries, nowMs))
  }
  const exposition = async () => (await metrics.registry.metrics()) + [...series.pieces()].join('')
  return { query, metrics, series, locate, take, exposition }
}

/** What the app needs, over these places and without any connection. */
export function demoParts(parts: Partial<Parts> = {}): Parts {
  const { metrics, series, locate } = demoMetrics()
  return {
    metrics: () => metrics.registry.metrics(),
    series: series.pieces,
    locate,
    connections: async () => ({
      rows: [],
      truncated: 0,
      policies: [],
      readAtMs: undefined,
      problem: undefined,
    }),
    history: async () => ({ stepSeconds: 0, points: [], readAtMs: undefined, problem: undefined }),
    cluster: null,
    assets: new Map(),
    attribution: () => 'IP Geolocation by DB-IP (https://db-ip.com)',
    problems: () => [],
    notReady: () => undefined,
    stuck: () => undefined,
    ...parts,
  }
}

function sample(namespace: string, pod: string, address: string, value: number): VectorSample {
  return {
    labels: { k8s_namespace: namespace, k8s_pod: pod, destination_ip: address },
    value,
  }
}
