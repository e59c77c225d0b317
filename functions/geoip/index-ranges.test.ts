import { array, assert, integer, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { rangeCollector, topBitsOf, valueAt } from './index-ranges.ts'

const word = integer({ min: 0, max: 0xffffffff })
// Few words and many numbers below, so that a search goes on within one word.
const crowded = integer({ min: 0x2a000000, max: 0x2a000003 })

test('of hundreds of ranges, close together or far apart, the last that begins before is found', () => {
  assert(
    property(
      array(tuple(crowded, word), { minLength: 100, maxLength: 600 }),
      array(tuple(word, word), { maxLength: 50 }),
      array(tuple(crowded, word), { maxLength: 200 }),
      (near, far, asked) => {
        const starts = [...near, ...far].toSorted(([a, b], [c, d]) => a - c || b - d)
        const collector = rangeCollector(starts.length + 1, true)
        collector.add(0, 0, 1)
        for (const [at, [high, low]] of starts.entries()) collector.add(high, low, at + 2)
        const ranges = collector.ranges()
        const top = topBitsOf(ranges, 0x20000000, 0x3fffffff)
        for (const [high, low] of [...asked, ...starts]) {
          const before = starts.filter(([a, b]) => a < high || (a === high && b <= low)).length
          expect(valueAt(ranges, top, high, low)).toBe(before + 1)
        }
      },
    ),
    { numRuns: 50 },
  )
})
