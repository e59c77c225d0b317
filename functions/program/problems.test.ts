import { expect, test } from 'vitest'
import { problemBoard } from './problems.ts'

test('a problem is logged once a minute while it stays, and its end once', () => {
  const lines: string[] = []
  let nowMs = 0
  const problems = problemBoard(
    line => lines.push(line),
    () => nowMs,
  )
  problems.report('Prometheus', undefined)
  for (nowMs = 0; nowMs < 120_000; nowMs += 1_000) problems.report('Prometheus', 'it is down')
  expect(lines).toEqual(['it is down', 'it is down'])
  problems.report('databases', 'one is missing')
  expect(problems.current()).toEqual(['it is down', 'one is missing'])
  problems.report('Prometheus', undefined)
  problems.report('Prometheus', undefined)
  expect(lines.slice(2)).toEqual(['one is missing', 'Prometheus: works again'])
  expect(problems.current()).toEqual(['one is missing'])
})
