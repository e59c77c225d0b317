import { expect, test } from 'vitest'
import { createLog } from './log.ts'

test('warnings of one matter come once a minute, others at once', () => {
  const lines: string[] = []
  const log = createLog(0, line => lines.push(line))
  for (let i = 0; i < 100; i += 1) log.warn('drain', `failed ${i}`)
  log.warn('pods', 'refused')
  expect(lines.map(line => line.slice(line.indexOf(' ') + 1))).toEqual([
    'warning failed 0\n',
    'warning refused\n',
  ])
})

test('a message of several lines is one line of the log', () => {
  const lines: string[] = []
  createLog(0, line => lines.push(line)).info('first\n  second')
  expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info first second\n$/)
})

test('details come with -v only', () => {
  const lines: string[] = []
  createLog(0, line => lines.push(line)).debug('quiet')
  createLog(1, line => lines.push(line)).debug('verbose')
  expect(lines).toEqual([expect.stringMatching(/debug verbose\n$/)])
})
