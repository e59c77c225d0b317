import { array, assert, integer, oneof, property } from 'fast-check'
import { expect, test } from 'vitest'
import { rangeCollector } from './index-ranges.ts'
import { slotsOf } from './index-slots.ts'
import { UnsuitableDatabase } from './index-tree.ts'

const word = integer({ min: 0, max: 0xffffffff })
// Many in few places, so that slots are within slots.
const crowded = integer({ min: 0x2a000000, max: 0x2a000fff })
const atEnds = integer({ min: 0xfffffff0, max: 0xffffffff })

test('of ranges, close together or far apart, each table answers the last that begins before', () => {
  const starts = array(oneof(word, crowded, atEnds), { maxLength: 600 }).map(all =>
    [...new Set([0, ...all])].toSorted((a, b) => a - b),
  )
  assert(
    property(array(starts, { minLength: 1, maxLength: 4 }), array(word), (tables, asked) => {
      const collector = rangeCollector(tables.flat().length)
      for (const [table, all] of tables.entries()) {
        expect(collector.begin()).toBe(table)
        for (const [at, start] of all.entries()) collector.add(start, at + 1)
      }
      const { valueAt } = slotsOf(collector.tables())
      for (const [table, all] of tables.entries()) {
        for (const start of [...asked, ...all, ...all.map(begin => Math.max(0, begin - 1))]) {
          const last = all.findLastIndex(begin => begin <= start)
          expect(valueAt(table, start)).toBe(last + 1)
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('neighbours with one value are one range', () => {
  const collector = rangeCollector(4)
  collector.begin()
  for (const [start, value] of [
    [0, 7],
    [5, 7],
    [9, 8],
  ] as const)
    collector.add(start, value)
  collector.begin()
  collector.add(0, 8)
  const { starts, begins } = collector.tables()
  expect([[...starts], begins]).toEqual([
    [0, 9, 0],
    [0, 2],
  ])
})

test('more slots than can be told apart are refused, so that another reader takes the database', () => {
  const collector = rangeCollector(100)
  collector.begin()
  for (let at = 0; at < 100; at++) collector.add(at, at + 1)
  const tables = collector.tables()
  expect(() => slotsOf(tables, 100)).toThrow(UnsuitableDatabase)
  expect(slotsOf(tables, 1_000).valueAt(0, 99)).toBe(100)
})
