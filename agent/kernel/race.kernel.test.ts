import { test } from 'vitest'
import { raceScenarios } from './test/races.ts'

test.each(raceScenarios)('$name', async ({ run }) => {
  await run()
})
