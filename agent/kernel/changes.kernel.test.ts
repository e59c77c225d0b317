import { test } from 'vitest'
import { changeScenarios } from './test/changes.ts'

test.each(changeScenarios)('$name', async ({ run }) => {
  await run()
})
