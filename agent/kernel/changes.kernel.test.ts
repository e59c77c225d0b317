import { test } from 'vitest'
import { changeScenarios } from './test/changes.ts'
import { keepPromise } from './test/scenario.ts'

test.each(changeScenarios)('$name', async scenario => {
  await keepPromise(scenario)
})
