import { expect, test } from 'vitest'
import { rows } from '../test/rows.ts'
import { dotsOf } from './places.ts'
import { radiusOf, spotAt, spotsOf } from './spots.ts'

test('four times the bytes are four times the area', () => {
  expect(radiusOf(1_000, 1_000)).toBe(24)
  expect(radiusOf(250, 1_000)).toBe(12)
})

test('a place with next to nothing can still be seen', () => {
  expect(radiusOf(1, 1e12)).toBe(3.5)
  expect(radiusOf(0, 0)).toBe(3.5)
})

test('a small dot in a large one can be had, and a finger need not be precise', () => {
  const [first] = rows
  if (!first) throw new Error('there are no rows')
  const small = { ...first, city: 'Potsdam', latitude: 52.4, longitude: 13.05, sentPerSecond: 1 }
  const spots = spotsOf(dotsOf([...rows, small], 'both'), 'both', ([x, y]) => [x * 10, -y * 10])
  const nameAt = (x: number, y: number) =>
    spotAt(spots, (left, top) => [left, top], [x, y])?.dot.name
  expect(nameAt(130.5, -524)).toBe('Potsdam')
  expect(nameAt(145, -540)).toBe('Berlin')
  expect(nameAt(130.5, -100)).toBeUndefined()
  expect(nameAt(1_396.9 + 9, -356.8)).toBe('Tokyo')
})
