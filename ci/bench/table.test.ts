import { expect, test } from 'vitest'
import type { Result } from './result.ts'
import { tableOf } from './table.ts'

const drain: Result = {
  bench: 'drain',
  metric: 'faster than one by one',
  unit: '×',
  measured: 7.25,
  goal: { atLeast: 6 },
  limit: '~20',
  details: {},
}

test('the table shows goal, measured and limit, and which goals are missed', () => {
  const burst = { ...drain, bench: 'burst', unit: 'ns', measured: 4_399.4, goal: { atMost: 1_500 } }
  expect(tableOf([drain, burst])).toMatchInlineSnapshot(`
    "bench  metric                  goal        measured  limit  met  noise
    -----  ----------------------  ----------  --------  -----  ---  -----
    drain  faster than one by one  ≥ 6 ×       7.25 ×    ~20    yes
    burst  faster than one by one  ≤ 1,500 ns  4,399 ns  ~20    NO"
  `)
})

test('a goal is met when the measured value just reaches it', () => {
  expect(tableOf([{ ...drain, measured: 6 }])).toContain('yes')
  expect(tableOf([{ ...drain, measured: 5.99 }])).toContain('NO')
})
