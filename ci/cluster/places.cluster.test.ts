import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { places } from './addresses.ts'
import { answered } from './answered.ts'
import { talk } from './example/pod.ts'
import { promql, serviceUrl } from './running.ts'

const patience = { timeout: 60_000, interval: 1_000 }

test.for(places)('geo_ip places $address in $city, with the pods that talk to it', async place => {
  await vi.waitFor(async () => {
    const rows = await promql(`geo_ip{ip="${place.address}",k8s_namespace="shop"}`)
    expect(rows.length).toBeGreaterThan(0)
    for (const { labels } of rows) {
      expect(labels).toMatchObject({ city: place.city, k8s_pod: expect.any(String) })
      expect(Number(labels['latitude'])).toBeCloseTo(place.latitude, 3)
      expect(Number(labels['longitude'])).toBeCloseTo(place.longitude, 3)
    }
  }, patience)
})

test('podatlas_geo_info carries the country code of each external address', async () => {
  await vi.waitFor(async () => {
    const rows = await promql('podatlas_geo_info')
    const countries = new Map(
      rows.map(row => [row.labels['destination_ip'], row.labels['country']]),
    )
    for (const { address, country } of places) expect(countries.get(address)).toBe(country)
  }, patience)
})

test('the page and its list of connections are served in the cluster', async () => {
  const geoip = await serviceUrl('podatlas-geoip')
  const page = await answered(geoip)
  expect(page.headers.get('content-type')).toContain('text/html')
  await talk('seen')
  await vi.waitFor(async () => {
    const rows = await connections(geoip)
    for (const { address, city, latitude, longitude } of places) {
      const row = { namespace: 'shop', pod: 'seen', container: 'seen', address, city }
      expect(rows).toContainEqual(expect.objectContaining({ ...row, latitude, longitude }))
    }
  }, patience)
})

async function connections(geoip: string) {
  const { text } = await answered(new URL('/api/connections?window=300s', geoip))
  const Rows = z.object({ rows: z.array(z.record(z.string(), z.unknown())) })
  return Rows.parse(JSON.parse(text)).rows
}
