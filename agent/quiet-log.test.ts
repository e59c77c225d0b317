import { expect, test } from 'vitest'
import { quietLog } from './quiet-log.ts'

test('one line a minute per reason comes through, and the next one says how many were held back', () => {
  const lines: string[] = []
  let nowMs = 0
  const log = quietLog(
    line => lines.push(line),
    () => nowMs,
  )
  for (nowMs = 0; nowMs < 60_000; nowMs += 10_000) log('503', 'server down')
  log('dns', 'no such host')
  log('503', 'server down')
  expect(lines).toEqual([
    'server down',
    'no such host',
    'server down (5 more like this since the last line)',
  ])
})
