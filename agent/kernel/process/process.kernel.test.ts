import { test } from 'vitest'
import { openTestKernel } from '../test/open.ts'
import { processScenarios } from '../test/processes.ts'
import { compareInRace } from '../test/races.ts'
import { testScenarios } from '../test/scenario-tests.ts'

testScenarios(processScenarios)

test('drains while connections of many processes open and close lose nothing and count nothing twice', async () => {
  // So few places that they are taken over all the time, with the words beside them.
  using kernel = openTestKernel({ processes: true, maxSockets: 256 })
  await compareInRace(kernel)
})
