import { expect, test } from 'vitest'
import { answer, demoMetrics } from './test/demo.ts'

const minuteMs = 60_000

test('a series that left the answer ends, its address stays known for ten minutes', async () => {
  const { metrics, take } = demoMetrics()
  take(answer, 0)
  take([], 1 * minuteMs)
  expect(await linesOf(metrics, 'geo_ip{')).toEqual([])
  expect(await linesOf(metrics, 'podatlas_geo_info{destination_ip="192.0.2.1"')).toHaveLength(1)
  take([], 10 * minuteMs)
  expect(await linesOf(metrics, 'podatlas_geo_info{')).toHaveLength(3)
  take([], 10 * minuteMs + 1)
  expect(await linesOf(metrics, 'podatlas_geo_info{')).toEqual([])
})

test('while no answers come, values outlive Prometheus by five minutes and no more', async () => {
  const { metrics, take } = demoMetrics()
  take(answer, 0)
  metrics.expire(5 * minuteMs)
  expect(await linesOf(metrics, 'geo_ip{')).not.toEqual([])
  metrics.expire(5 * minuteMs + 1)
  expect(await linesOf(metrics, 'geo_ip{')).toEqual([])
  expect(await linesOf(metrics, 'podatlas_geo_info{')).not.toEqual([])
})

test('neither series grows beyond the bound, and what is left out is counted', async () => {
  const { metrics, take } = demoMetrics(2)
  take([...addresses(0), ...addresses(10)], 0)
  expect(await linesOf(metrics, 'geo_ip{')).toHaveLength(2)
  expect(await droppedOf(metrics)).toBe(2)
  take(addresses(20), 1)
  expect(await linesOf(metrics, 'podatlas_geo_info{')).toHaveLength(2)
  expect(await linesOf(metrics, 'podatlas_geo_info{destination_ip="203.0.113.2')).toHaveLength(2)
  expect(await droppedOf(metrics)).toBe(4)
})

test('private, folded and invalid addresses have no info series', async () => {
  const { metrics, take } = demoMetrics()
  take(answer, 0)
  const known = await linesOf(metrics, 'podatlas_geo_info{')
  expect(known.join('\n')).not.toMatch(/10\.0\.0\.1|other/)
  expect(known).toContain('podatlas_geo_info{destination_ip="203.0.113.9",country="unknown"} 1')
})

type Metrics = ReturnType<typeof demoMetrics>['metrics']

async function linesOf({ registry }: Metrics, start: string): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter(line => line.startsWith(start))
}

async function droppedOf(metrics: Metrics): Promise<number> {
  const [line = ''] = await linesOf(metrics, 'podatlas_geoip_addresses_dropped_total ')
  return Number(line.split(' ')[1])
}

function addresses(first: number) {
  return [0, 1].map(index => ({
    labels: { destination_ip: `203.0.113.${first + index}` },
    value: index,
  }))
}
