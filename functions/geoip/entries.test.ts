import { expect, test } from 'vitest'
import { entryCollector } from './entries.ts'
import { locator, passedOver } from './locate.ts'
import type { LookupResult } from './locate.ts'

const locate = locator(
  address => (address.startsWith('192.0.2.') ? { place: { country: 'DE', city: 'Berlin' } } : {}),
  () => {},
)

test('public addresses are kept with their place and the carried labels, largest first', () => {
  const { kept } = collect([
    ['192.0.2.1', 'a', 5],
    ['203.0.113.1', 'b', 9],
    ['10.0.0.1', 'c', 99],
  ])
  expect(kept).toEqual([
    { address: '203.0.113.1', carried: ['b'], value: 9 },
    {
      address: '192.0.2.1',
      carried: ['a'],
      value: 5,
      place: { country: 'DE', city: 'Berlin' },
    },
  ])
})

test('samples that differ only in a label which is not carried are summed', () => {
  const { kept } = collect([
    ['192.0.2.1', 'a', 5],
    ['192.0.2.1', 'b', 1],
    ['192.0.2.1', 'a', 7],
  ])
  expect(kept).toMatchObject([
    { carried: ['a'], value: 12 },
    { carried: ['b'], value: 1 },
  ])
})

test('beyond the bound the smallest are left out and counted', () => {
  const samples = [3, 1, Number.NaN, 2, Infinity].map(
    (value, index) => [`192.0.2.${index}`, 'a', value] as const,
  )
  const { kept, dropped } = collect(samples, 3)
  expect(kept.map(({ value }) => value)).toEqual([Infinity, 3, 2])
  expect(dropped).toBe(2)
})

test('the largest of very many are found in any order, ties too, and all others are counted', () => {
  const orders: readonly ((at: number) => number)[] = [
    at => at,
    at => -at,
    at => (at * 7_919) % 10_007,
    () => 1,
    at => at % 3,
  ]
  for (const valueAt of orders) {
    const values = Array.from({ length: 10_000 }, (_, at) => valueAt(at))
    const samples = values.map(
      (value, at) => [`198.51.${at >> 8}.${at & 255}`, 'a', value] as const,
    )
    const { kept, dropped } = collect(samples, 100)
    const largest = values.toSorted((a, b) => b - a).slice(0, 100)
    expect(kept.map(({ value }) => value)).toEqual(largest)
    expect(dropped).toBe(9_900)
  }
})

test('what has no address, or none with a place, is passed over and counted', () => {
  const counted: LookupResult[] = []
  const { kept } = collect(
    [
      ['other', 'a', 1],
      ['nonsense', 'a', 1],
      [undefined, 'a', 1],
      ['192.0.2.1', 'a', 1],
    ],
    10,
    result => counted.push(result),
  )
  expect(kept.map(({ address }) => address)).toEqual(['192.0.2.1'])
  expect(counted).toEqual(['folded', 'invalid', 'missing'])
})

test('the next answer begins with nothing of the one before, one that broke off too', () => {
  const collector = entryCollector({ maxEntries: 1, passedOver, locate, count: () => {} })
  for (const value of [1, 9, 5]) collector.add([`192.0.2.${value}`, 'a'], value)
  collector.begin()
  expect(collector.hasAddress()).toBe(false)
  collector.add(['192.0.2.1', 'b'], 2)
  const { kept, dropped } = collector.finish()
  expect(kept).toMatchObject([{ address: '192.0.2.1', carried: ['b'], value: 2 }])
  expect(dropped).toBe(0)
})

function collect(
  samples: readonly (readonly [address: string | undefined, pod: string, value: number])[],
  maxEntries = 10,
  count: (result: LookupResult) => void = () => {},
) {
  const collector = entryCollector({ maxEntries, passedOver, locate, count })
  for (const [address, pod, value] of samples) collector.add([address, pod], value)
  return collector.finish()
}
