import { test } from 'vitest'
import { processScenarios } from './test/processes.ts'

test.each(processScenarios)('$name', async ({ run }) => {
  await run()
})
