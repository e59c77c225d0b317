import { describe, expect, test } from 'vitest'
import { commandOutcome, projectOutcome } from './outcome.ts'

describe('a project of tests', () => {
  test('counts every test of every file', () => {
    const report = reportOf([file('passed', 'passed'), file('failed', 'passed', 'failed')])
    expect(projectOutcome(1, 'text', report)).toMatchObject({ passed: 2, failed: 1 })
  })

  test('what the tests that passed compared is added up', () => {
    const compared = { connections: 1, datagrams: 20, bytes: 300 }
    const { assertionResults, ...rest } = file('failed', 'passed', 'passed', 'failed', 'passed')
    const withCounts = assertionResults.map((each, at) =>
      at < 3 ? { ...each, meta: { compared } } : each,
    )
    const report = reportOf([{ ...rest, assertionResults: withCounts }])
    const twice = { connections: 2, datagrams: 40, bytes: 600 }
    expect(projectOutcome(1, '', report).compared).toEqual(twice)
    expect(projectOutcome(0, '', reportOf([file('passed', 'passed')]))).not.toHaveProperty(
      'compared',
    )
  })

  test('a skipped test counts as failed and is named', () => {
    const outcome = projectOutcome(0, '', reportOf([file('passed', 'passed', 'pending')]))
    expect(outcome).toMatchObject({ passed: 1, failed: 1 })
    expect(outcome.output).toContain('did not run: test 1')
  })

  test('a file that cannot be loaded counts as failed beside the ones that can', () => {
    const report = reportOf([
      file('passed', 'passed'),
      { ...file('failed'), message: 'SyntaxError' },
    ])
    expect(projectOutcome(1, '', report)).toMatchObject({ passed: 1, failed: 1 })
  })

  test.each([
    ['finds no test', 0, reportOf([])],
    ['writes no report', 1, undefined],
    ['fails outside its tests', 1, reportOf([file('passed', 'passed')])],
  ])('a run that %s has failed', (_, exitCode, report) => {
    expect(projectOutcome(exitCode, '', report).failed).toBe(1)
  })
})

test('a command counts as one test, and shows its output only when it fails', () => {
  expect(commandOutcome(0, 'fine')).toEqual({ passed: 1, failed: 0, output: '' })
  expect(commandOutcome(3, 'a.ts: wrong')).toMatchObject({ passed: 0, failed: 1 })
  expect(commandOutcome(3, 'a.ts: wrong').output).toMatch(/a\.ts: wrong\nexit code 3/)
})

function file(status: string, ...tests: string[]) {
  const assertionResults = tests.map((each, at) => ({ fullName: `test ${at}`, status: each }))
  return { name: 'a.test.ts', status, message: '', assertionResults }
}

function reportOf(testResults: ReturnType<typeof file>[]): string {
  return JSON.stringify({ testResults })
}
