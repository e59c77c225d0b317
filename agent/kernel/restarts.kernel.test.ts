import { test } from 'vitest'
import { restartScenarios } from './test/restarts.ts'

test.each(restartScenarios)('$name', async ({ run }) => {
  await run()
})
