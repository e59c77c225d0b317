import { release } from 'node:os'
import { keepPromise } from '../../agent/kernel/test/scenario.ts'
import { scenarios } from '../../agent/kernel/test/scenarios.ts'
import { say } from './answer.ts'

/** The program of a machine of ci/vm: keeps every promise of the list, one after the other. */
say({ kernel: release() })
for (const scenario of scenarios) {
  const { name } = scenario
  const startedMs = performance.now()
  say({ begins: name })
  try {
    const compared = await keepPromise(scenario)
    say({ name, compared, seconds: secondsSince(startedMs) })
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
    say({ name, failure, seconds: secondsSince(startedMs) })
  }
}
say({ ends: true })

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 100) / 10
}
