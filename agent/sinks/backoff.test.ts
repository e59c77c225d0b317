import { expect, test } from 'vitest'
import { backoffMs, retryAfterMs } from './backoff.ts'

test('pauses double from 30 ms to 5 s', () => {
  const pauses = Array.from({ length: 10 }, (_, attempt) => backoffMs(attempt, 0.5))
  expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1_920, 3_840, 5_000, 5_000])
})

test('chance parts agents, yet no pause is shorter than 0.8 of the one before', () => {
  expect(backoffMs(20, 0)).toBeLessThan(backoffMs(20, 1))
  for (let attempt = 0; attempt < 20; attempt++)
    expect(backoffMs(attempt + 1, 0)).toBeGreaterThan(0.8 * backoffMs(attempt, 1))
})

test('what the destination asks for is obeyed, up to a minute', () => {
  expect(backoffMs(0, 0.5, 2_000)).toBe(2_000)
  expect(backoffMs(8, 0.5, 2_000)).toBe(5_000)
  expect(backoffMs(0, 0.5, 3_600_000)).toBe(60_000)
})

test('Retry-After is read as seconds and as a date', () => {
  const nowMs = Date.parse('2026-11-23T05:00:00Z')
  expect(retryAfterMs('120', nowMs)).toBe(120_000)
  expect(retryAfterMs('Mon, 23 Nov 2026 05:00:30 GMT', nowMs)).toBe(30_000)
  expect(retryAfterMs('Mon, 23 Nov 2026 04:00:00 GMT', nowMs)).toBe(0)
  expect(retryAfterMs('soon', nowMs)).toBeUndefined()
  expect(retryAfterMs(undefined, nowMs)).toBeUndefined()
})
