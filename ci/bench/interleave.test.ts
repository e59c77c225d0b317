import { expect, test } from 'vitest'
import { interleave } from './interleave.ts'

test('every way is measured between two runs of the baseline, and the order turns around', async () => {
  const order: string[] = []
  const measure = (name: string, value: number) => async () => {
    order.push(name)
    return value
  }
  const ways = { a: measure('a', 3), b: measure('b', 1) }
  const compared = await interleave(measure('off', 2), ways, 2)

  expect(order.slice(1).join(' ')).toBe(
    'off off off a off b off off b off a off off off', // the baseline against itself comes in turn
  )
  expect(compared.of('a').ratio.median).toBe(1.5)
  expect(compared.of('b').added.median).toBe(-1)
  expect(compared.noise.ratio.median).toBe(1)
})

test('a baseline that drifts does not look like a difference', async () => {
  let now = 100
  const drifting = async () => (now += 10)
  const compared = await interleave(drifting, { same: drifting }, 10)
  expect(compared.of('same').ratio.median).toBeCloseTo(1)
})
