import { expect, test } from 'vitest'
import { ownershipScenarios } from './test/ownership.ts'
import { testScenarios } from './test/scenario-tests.ts'
import { compareExactly } from './test/scenario.ts'

testScenarios(ownershipScenarios)

// Not for every kernel: it takes the `ip` command.
test('MPTCP over two paths is two TCP connections, and no byte counts twice', async () => {
  const [service] = await compareExactly('mptcp-two-paths', { checkpoints: 2 })
  expect(service?.client.opened).toBe(2)
})
