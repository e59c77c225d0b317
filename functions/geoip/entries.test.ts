import { expect, test } from 'vitest'
import { entriesOf } from './entries.ts'
import { locator } from './locate.ts'

const locate = locator(
  address => (address.startsWith('192.0.2.') ? { place: { country: 'DE', city: 'Berlin' } } : {}),
  () => {},
)
const options = { addressLabel: 'destination_ip', labels: ['k8s_pod'], maxEntries: 10, locate }

test('public addresses are kept with their place and the carried labels, largest first', () => {
  const { kept } = entriesOf(
    [sample('192.0.2.1', 'a', 5), sample('203.0.113.1', 'b', 9), sample('10.0.0.1', 'c', 99)],
    options,
  )
  expect(kept).toMatchObject([
    { address: '203.0.113.1', labels: { k8s_pod: 'b' }, value: 9 },
    { address: '192.0.2.1', labels: { k8s_pod: 'a' }, value: 5, place: { country: 'DE' } },
  ])
  expect(kept[0]).not.toHaveProperty('place')
})

test('samples that differ only in a label which is not carried are summed', () => {
  const { kept } = entriesOf([sample('192.0.2.1', 'a', 5), sample('192.0.2.1', 'b', 7)], {
    ...options,
    labels: [],
  })
  expect(kept).toMatchObject([{ address: '192.0.2.1', labels: {}, value: 12 }])
})

test('beyond the bound the smallest are left out and counted', () => {
  const samples = [3, 1, Number.NaN, 2, Infinity].map((value, index) =>
    sample(`192.0.2.${index}`, 'a', value),
  )
  const { kept, dropped } = entriesOf(samples, { ...options, maxEntries: 3 })
  expect(kept.map(({ value }) => value)).toEqual([Infinity, 3, 2])
  expect(dropped).toBe(2)
})

test('what is no address, or folded by the agent, is passed over', () => {
  const { kept } = entriesOf(
    [
      sample('other', 'a', 1),
      sample('nonsense', 'a', 1),
      sample('', 'a', 1),
      sample('192.0.2.1', 'a', 1),
    ],
    options,
  )
  expect(kept.map(({ address }) => address)).toEqual(['192.0.2.1'])
})

test('a result without the address label is one clear error', () => {
  expect(() => entriesOf([{ labels: { pod: 'a', dst: 'b' }, value: 1 }], options)).toThrow(
    "the query's result has no label destination_ip (it has: pod, dst); name the address label by -i",
  )
  expect(entriesOf([], options).kept).toEqual([])
})

function sample(address: string, pod: string, value: number) {
  return { labels: { destination_ip: address, k8s_pod: pod }, value }
}
