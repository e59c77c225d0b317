import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countResults } from './tests.ts'

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
  report('uninstall', 3, 1, 1)
  expect(countResults(root, 1)).toEqual({ passed: 41, failed: 3 })
})

test('a file that fails before its first test is a failure', () => {
  report('cluster', 12)
  report('restart', 0, 0, 1)
  report('uninstall', 1)
  expect(countResults(root, 1)).toEqual({ passed: 13, failed: 1 })
})

test('a run without a result is a failure, whatever the others did', () => {
  report('cluster', 12)
  report('uninstall', 1)
  expect(countResults(root, 0)).toEqual({ passed: 13, failed: 1 })
})

test('a run whose tests passed and that ended badly is a failure', () => {
  for (const project of ['cluster', 'restart', 'uninstall']) report(project, 12)
  expect(countResults(root, 1)).toEqual({ passed: 36, failed: 1 })
})

test('with filters, runs without a result are none, but something must have been tested', () => {
  report('cluster', 2)
  expect(countResults(root, 0, ['geofence'])).toEqual({ passed: 2, failed: 0 })
  report('cluster', 0)
  expect(countResults(root, 0, ['geofnece'])).toEqual({ passed: 0, failed: 1 })
})
