import { expect, test } from 'vitest'
import { answerCache } from './answer-cache.ts'

test('many viewers cost one query, and the next comes after two seconds', async () => {
  const { cache, reads, advance } = setUp()
  await Promise.all([cache(60), cache(60), cache(60)])
  await cache(60)
  expect(reads).toEqual([60])
  advance(1_999)
  await cache(60)
  expect(reads).toEqual([60])
  advance(1)
  await cache(60)
  expect(reads).toEqual([60, 60])
})

test('while reading fails the last rows stay, with their age and the problem', async () => {
  const { cache, fail, advance, reads } = setUp()
  const good = await cache(60)
  fail('Prometheus is down')
  advance(5_000)
  expect(await cache(60)).toEqual({ ...good, problem: 'Prometheus is down' })
  await cache(60)
  expect(reads).toHaveLength(2)
  fail(undefined)
  advance(5_000)
  expect(await cache(60)).toMatchObject({ truncated: 3, problem: undefined, readAtMs: 10_000 })
})

test('a first failure is an answer too', async () => {
  const { cache, fail } = setUp()
  fail('Prometheus is down')
  expect(await cache(60)).toEqual({
    rows: [],
    truncated: 0,
    readAtMs: undefined,
    problem: 'Prometheus is down',
  })
})

test('only so many requests are held, the one asked for longest ago goes first', async () => {
  const { cache, reads } = setUp()
  for (const window of [10, 20, 30, 10, 40]) await cache(window)
  expect(reads).toEqual([10, 20, 30, 40])
  await cache(10)
  expect(reads).toHaveLength(4)
  await cache(20)
  expect(reads).toEqual([10, 20, 30, 40, 20])
})

function setUp() {
  const reads: number[] = []
  let nowMs = 0
  let failure: string | undefined
  const read = async (
    windowSeconds: number,
  ): Promise<{ rows: readonly number[]; truncated: number }> => {
    reads.push(windowSeconds)
    if (failure !== undefined) throw new Error(failure)
    return { rows: [], truncated: 3 }
  }
  return {
    reads,
    cache: answerCache({
      read,
      nothing: { rows: [], truncated: 0 },
      freshMs: 2_000,
      maxKept: 3,
      now: () => nowMs,
    }),
    advance: (ms: number) => (nowMs += ms),
    fail: (text: string | undefined) => (failure = text),
  }
}
