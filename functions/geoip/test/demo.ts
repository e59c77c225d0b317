import type { VectorSample } from '../../prometheus/answer.ts'
import { entriesOf } from '../entries.ts'
import { locator } from '../locate.ts'
import { geoMetrics } from '../metrics.ts'
import type { Found } from '../lookup.ts'

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

/** Metrics and lookups over these places, fed by `take` as a poll feeds them. */
export function demoMetrics(maxAddresses = 100) {
  const labels = ['k8s_namespace', 'k8s_pod']
  const metrics = geoMetrics({ labels, maxAddresses })
  const locate = locator(address => found[address] ?? {}, metrics.countLookup)
  return {
    metrics,
    locate,
    take: (samples: readonly VectorSample[], nowMs: number) =>
      metrics.replace(
        entriesOf(samples, {
          addressLabel: 'destination_ip',
          labels,
          maxEntries: maxAddresses,
          locate,
        }),
        nowMs,
      ),
  }
}

function sample(namespace: string, pod: string, address: string, value: number): VectorSample {
  return {
    labels: { k8s_namespace: namespace, k8s_pod: pod, destination_ip: address },
    value,
  }
}
