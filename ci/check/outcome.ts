import { z } from 'zod'
import { sumOf, type Compared } from '../../agent/kernel/test/scenario.ts'

/** What a step came to. A test that did not run counts as failed: a promise nobody checked. */
export type Outcome = {
  readonly passed: number
  readonly failed: number
  /** What to show when something failed. */
  readonly output: string
  /** What the tests that passed compared with counts that are not podatlas' own; only where some did. */
  readonly compared?: Compared
}

const Counts = z.object({ connections: z.number(), datagrams: z.number(), bytes: z.number() })

const Report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          meta: z.object({ compared: Counts.optional() }).optional(),
        }),
      ),
    }),
  ),
})

/** A command is one test. */
export function commandOutcome(exitCode: number, output: string): Outcome {
  return exitCode === 0
    ? { passed: 1, failed: 0, output: '' }
    : { passed: 0, failed: 1, output: `${output}\nexit code ${exitCode}` }
}

/**
 * Counts the tests in the report of vitest's json reporter, or undefined where it wrote none.
 * A file that could not be loaded counts as one failed test, and so does an exit code that says
 * more than the tests do, such as an error outside any of them.
 */
export function projectOutcome(exitCode: number, output: string, report?: string): Outcome {
  const results = report === undefined ? [] : Report.parse(JSON.parse(report)).testResults
  const tests = results.flatMap(result => result.assertionResults)
  const passed = tests.filter(test => test.status === 'passed').length
  const unrun = tests.filter(test => !['passed', 'failed'].includes(test.status))
  const unloaded = results.filter(
    result =>
      result.status === 'failed' && !result.assertionResults.some(test => test.status === 'failed'),
  )
  const failed = tests.length - passed + unloaded.length
  const isSilentFailure = failed === 0 && (exitCode !== 0 || passed === 0)
  const compared = tests.flatMap(({ status, meta }) =>
    status === 'passed' ? (meta?.compared ?? []) : [],
  )
  return {
    passed,
    failed: isSilentFailure ? 1 : failed,
    output: [output, ...unrun.map(test => `did not run: ${test.fullName}`)].join('\n'),
    ...(compared.length > 0 && { compared: sumOf(compared) }),
  }
}
