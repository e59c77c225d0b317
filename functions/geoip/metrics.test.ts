import { expect, test } from 'vitest'
import { answer, demoMetrics, demoQuery } from './test/demo.ts'

const minuteMs = 60_000

test('a series that left the answer ends, its address stays known for ten minutes', async () => {
  const { take, exposition } = demoMetrics()
  take(answer, 0)
  take([], 1 * minuteMs)
  expect(await linesOf(exposition, 'geo_ip{')).toEqual([])
  expect(await linesOf(exposition, 'podatlas_geo_info{destination_ip="192.0.2.1"')).toHaveLength(1)
  take([], 10 * minuteMs)
  expect(await linesOf(exposition, 'podatlas_geo_info{')).toHaveLength(3)
  take([], 10 * minuteMs + 1)
  expect(await linesOf(exposition, 'podatlas_geo_info{')).toEqual([])
})

test('while no answers come, values outlive Prometheus by five minutes and no more', async () => {
  const { series, query, take, exposition } = demoMetrics()
  take(answer, 0)
  series.expire(query, 5 * minuteMs)
  expect(await linesOf(exposition, 'geo_ip{')).not.toEqual([])
  series.expire(query, 5 * minuteMs + 1)
  expect(await linesOf(exposition, 'geo_ip{')).toEqual([])
  expect(await linesOf(exposition, 'podatlas_geo_info{')).not.toEqual([])
})

test('neither series grows beyond the bound, and what is left out is counted', async () => {
  const { take, exposition } = demoMetrics(2)
  take([...addresses(0), ...addresses(10)], 0)
  expect(await linesOf(exposition, 'geo_ip{')).toHaveLength(2)
  expect(await droppedOf(exposition)).toBe(2)
  take(addresses(20), 1)
  expect(await linesOf(exposition, 'podatlas_geo_info{')).toHaveLength(2)
  expect(await linesOf(exposition, 'podatlas_geo_info{destination_ip="203.0.113.2')).toHaveLength(2)
  expect(await droppedOf(exposition)).toBe(4)
})

test('several queries have a series each, which end one without the other', async () => {
  const { take, exposition } = demoMetrics()
  const inbound = demoQuery('inbound')
  take(answer.slice(0, 1), 0)
  take(answer.slice(0, 1), 0, inbound)
  const [first, second] = await linesOf(exposition, 'geo_ip{')
  expect(first).not.toContain('query=')
  expect(second).toContain('query="inbound"')
  expect(await linesOf(exposition, 'podatlas_geo_info{')).toHaveLength(1)
  take([], 1, inbound)
  expect(await linesOf(exposition, 'geo_ip{')).toEqual([first])
})

test('private, folded and invalid addresses have no info series', async () => {
  const { take, exposition } = demoMetrics()
  take(answer, 0)
  const known = await linesOf(exposition, 'podatlas_geo_info{')
  expect(known.join('\n')).not.toMatch(/10\.0\.0\.1|other/)
  expect(known).toContain('podatlas_geo_info{destination_ip="203.0.113.9",country="unknown"} 1')
})

type Exposition = () => Promise<string>

async function linesOf(exposition: Exposition, start: string): Promise<string[]> {
  return (await exposition()).split('\n').filter(line => line.startsWith(start))
}

async function droppedOf(exposition: Exposition): Promise<number> {
  const [line = ''] = await linesOf(
    exposition,
    'podatlas_geoip_addresses_dropped_total{query="default"} ',
  )
  return Number(line.split(' ')[1])
}

function addresses(first: number) {
  return [0, 1].map(index => ({
    labels: { destination_ip: `203.0.113.${first + index}` },
    value: index,
  }))
}
