import { test } from 'vitest'
import { keepPromise, type Compared, type Scenario } from './scenario.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** What a test compared with the programs' own counts: ci/check adds it up. */
    compared?: Compared
  }
}

/** A test for each promise, on this machine's kernel. */
export function testScenarios(scenarios: readonly Scenario[]): void {
  test.for(scenarios)('$name', async (scenario, { task }) => {
    task.meta.compared = await keepPromise(scenario)
  })
}
