import { test } from 'vitest'
import { closeScenarios } from './test/closes.ts'

test.each(closeScenarios)('$name', async ({ run }) => {
  await run()
})
