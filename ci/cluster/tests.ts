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

/**
 * First what counts on one agent that stays, then what restarts it, then what changes the release, then
 * what removes it: one run of vitest each, which orders files by their durations and projects not at all.
 */
const suites = {
  all: ['cluster', 'restart', 'lifecycle', 'uninstall'],
  lifecycle: ['lifecycle', 'uninstall'],
} as const
type Project = (typeof suites)[Suite][number]
export type Suite = keyof typeof suites

/** Errors: there is no such suite. */
export function suiteNamed(name: string): Suite {
  if (isSuite(name)) return name
  throw new Error(
    `--suite ${name}: there is no such suite. Use ${Object.keys(suites).join(' or ')}`,
  )
}

function isSuite(name: string): name is Suite {
  return Object.hasOwn(suites, name)
}

/** What is asked for: a suite, or of it the files whose paths hold one of the filters. */
export type Choice = { readonly suite: Suite; readonly filters: readonly string[] }

/** Runs tests of the real cluster; returns 0 only if every run of vitest does. */
export async function runTests(
  folders: ClusterFolders,
  { suite, filters }: Choice,
): Promise<number> {
  let worst = 0
  for (const project of suites[suite]) {
    worst = Math.max(worst, await runProject(folders, project, filters))
  }
  return worst
}

async function runProject(
  { root }: ClusterFolders,
  project: Project,
  filters: readonly string[],
): Promise<number> {
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs')
  const config = ['run', '--config', join(repository, 'ci/vitest.config.ts'), '--project', project]
  const report = resultsFile(root, project)
  const reports = ['--reporter=verbose', '--reporter=json', `--outputFile=${report}`]
  const some = filters.length > 0 ? ['--passWithNoTests', ...filters] : []
  const child = spawn(process.execPath, [vitest, ...config, ...reports, ...some], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PODATLAS_CLUSTER: root },
  })
  await once(child, 'close')
  return child.exitCode ?? 1
}

/**
 * How many tests passed and failed. A run that came to no result, or that ended badly after its
 * tests, is one failure. With filters, a run may have nothing to do, but not all of them.
 */
export function countResults(
  root: string,
  exitCode: number,
  { suite, filters }: Choice,
): { passed: number; failed: number } {
  const counts = suites[suite].map(project => resultsOf(root, project))
  const results = counts.filter(count => count !== undefined)
  const passed = results.reduce((sum, count) => sum + count.passed, 0)
  const failed = results.reduce((sum, count) => sum + count.failed, 0)
  const missing = counts.length - results.length
  const isWell = exitCode === 0 && passed > 0 && (filters.length > 0 || missing === 0)
  return { passed, failed: Math.max(failed, isWell ? 0 : 1) }
}

function resultsOf(root: string, project: Project): { passed: number; failed: number } | undefined {
  try {
    const results = Results.parse(JSON.parse(readFileSync(resultsFile(root, project), 'utf8')))
    const failed = results.numFailedTests || results.numFailedTestSuites
    return { passed: results.numPassedTests, failed }
  } catch {
    return undefined
  }
}

function resultsFile(root: string, project: Project): string {
  return join(root, `results-${project}.json`)
}
