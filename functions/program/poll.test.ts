import { expect, test, vi } from 'vitest'
import { startPolling } from './poll.ts'

test('a tick that fails is told, and the next one comes', async () => {
  const errors: unknown[] = []
  let ticks = 0
  await using _ = startPolling({
    everyMs: 5,
    tick: async () => {
      if (++ticks % 2 === 1) throw new Error(`tick ${ticks}`)
    },
    onError: error => errors.push(error),
  })
  await vi.waitFor(() => expect(ticks).toBeGreaterThanOrEqual(4))
  expect(errors.slice(0, 2)).toEqual([new Error('tick 1'), new Error('tick 3')])
})

test('a slow tick is never joined by a second, and disposing waits for it', async () => {
  let running = 0
  let most = 0
  let done = 0
  const polling = startPolling({
    everyMs: 1,
    tick: async () => {
      most = Math.max(most, ++running)
      await new Promise(resolve => setTimeout(resolve, 20))
      running--
      done++
    },
    onError: error => {
      throw error
    },
  })
  await vi.waitFor(() => expect(done).toBeGreaterThanOrEqual(2))
  await polling[Symbol.asyncDispose]()
  const doneAtEnd = done
  expect([most, running]).toEqual([1, 0])
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(done).toBe(doneAtEnd)
})
