import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Choice, countResults, suiteNamed } from './tests.ts'

const all: Choice = { suite: 'all', filters: [] }

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'podatlas-results-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function report(project: string, passed: number, failed = 0, failedFiles = 0): void {
  const results = {
    numPassedTests: passed,
    numFailedTests: failed,
    numFailedTestSuites: failedFiles,
  }
  writeFileSync(join(root, `results-${project}.json`), JSON.stringify(results))
}

test('counts are those of the tests of all runs, not of their files', () => {
  report('cluster', 37, 2, 1)
  report('restart', 1)
  report('lifecycle', 4)
  report('uninstall', 3, 1, 1)
  expect(countResults(root, 1, all)).toEqual({ passed: 45, failed: 3 })
})

test('a file that fails before its first test is a failure', () => {
  report('cluster', 12)
  report('restart', 0, 0, 1)
  report('lifecycle', 0)
  report('uninstall', 1)
  expect(countResults(root, 1, all)).toEqual({ passed: 13, failed: 1 })
})

test('a run without a result is a failure, whatever the others did', () => {
  for (const project of ['cluster', 'lifecycle']) report(project, 6)
  report('uninstall', 1)
  expect(countResults(root, 0, all)).toEqual({ passed: 13, failed: 1 })
})

test('a run whose tests passed and that ended badly is a failure', () => {
  for (const project of ['cluster', 'restart', 'lifecycle', 'uninstall']) report(project, 9)
  expect(countResults(root, 1, all)).toEqual({ passed: 36, failed: 1 })
})

test('with filters, runs without a result are none, but something must have been tested', () => {
  report('cluster', 2)
  expect(countResults(root, 0, { ...all, filters: ['geofence'] })).toEqual({ passed: 2, failed: 0 })
  report('cluster', 0)
  expect(countResults(root, 0, { ...all, filters: ['geofnece'] })).toEqual({ passed: 0, failed: 1 })
})

test('a suite is made of its own runs, and a misspelt one is refused', () => {
  report('lifecycle', 8)
  report('uninstall', 1)
  expect(countResults(root, 0, { ...all, suite: 'lifecycle' })).toEqual({ passed: 9, failed: 0 })
  expect(() => suiteNamed('lifecycel')).toThrow('Use all or lifecycle')
})
