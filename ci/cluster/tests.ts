import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ClusterFolders } from './folders.ts'

const Results = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  // A file that fails before its first test has no failed test.
  numFailedTestSuites: z.int(),
})
const repository = join(import.meta.dirname, '../..')

/** Runs the tests of the real cluster; returns vitest's exit code. */
export async function runTests({ root }: ClusterFolders): Promise<number> {
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs')
  const projects = ['cluster', 'restart', 'uninstall'].map(project => `--project=${project}`)
  const config = ['run', '--config', join(repository, 'ci/vitest.config.ts'), ...projects]
  const reports = ['--reporter=verbose', '--reporter=json', `--outputFile=${resultsFile(root)}`]
  const child = spawn(process.execPath, [vitest, ...config, ...reports], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PODATLAS_CLUSTER: root },
  })
  await once(child, 'close')
  return child.exitCode ?? 1
}

/**
 * How many tests passed and failed. A run that came to no result, or that ended badly after its
 * tests, is one failure.
 */
export function countResults(root: string, exitCode: number): { passed: number; failed: number } {
  const atLeast = exitCode === 0 ? 0 : 1
  try {
    const results = Results.parse(JSON.parse(readFileSync(resultsFile(root), 'utf8')))
    const failed = results.numFailedTests || results.numFailedTestSuites
    return { passed: results.numPassedTests, failed: Math.max(failed, atLeast) }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

function resultsFile(root: string): string {
  return join(root, 'results.json')
}
