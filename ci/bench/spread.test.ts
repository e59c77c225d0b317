import { expect, test } from 'vitest'
import { spreadOf } from './spread.ts'

test('median and quartiles are those of the sorted measurements, between two where they fall between', () => {
  expect(spreadOf([9, 1, 5, 3, 7])).toEqual({
    median: 5,
    min: 1,
    lowerQuartile: 3,
    upperQuartile: 7,
  })
  expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5)
})
