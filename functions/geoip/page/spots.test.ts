import { expect, test } from 'vitest'
import { radiusOf } from './spots.ts'

test('four times the bytes are four times the area', () => {
  expect(radiusOf(1_000, 1_000)).toBe(24)
  expect(radiusOf(250, 1_000)).toBe(12)
})

test('a place with next to nothing can still be seen', () => {
  expect(radiusOf(1, 1e12)).toBe(3)
  expect(radiusOf(0, 0)).toBe(3)
})
