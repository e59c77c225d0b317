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

function report(passed: number, failed: number, failedFiles: number): void {
  const results = {
    numPassedTests: passed,
    numFailedTests: failed,
    numFailedTestSuites: failedFiles,
  }
  writeFileSync(join(root, 'results.json'), JSON.stringify(results))
}

test('counts are those of the tests, not of their files', () => {
  report(37, 2, 1)
  expect(countResults(root, 1)).toEqual({ passed: 37, failed: 2 })
})

test('a file that fails before its first test is a failure', () => {
  report(12, 0, 1)
  expect(countResults(root, 1)).toEqual({ passed: 12, failed: 1 })
})

test('a run without a result is a failure', () => {
  expect(countResults(root, 0)).toEqual({ passed: 0, failed: 1 })
})

test('a run whose tests passed and that ended badly is a failure', () => {
  report(12, 0, 0)
  expect(countResults(root, 1)).toEqual({ passed: 12, failed: 1 })
})
