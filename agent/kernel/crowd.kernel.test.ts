import { expect, test } from 'vitest'
import { Settings } from '../settings.ts'
import { openTestKernel } from './test/open.ts'
import { compareExactly, covered } from './test/scenario.ts'
import { startWalking } from './test/traffic.ts'

test('100,000 sockets opened and closed in bursts lose no byte, with the sizes of the default', async ({
  task,
}) => {
  const { maxFlows, maxSockets } = Settings.parse({}).kernel
  const kernel = openTestKernel({ maxFlows, maxSockets })
  // Sockets open where the walk has just found none: they must be counted while they are open.
  const walker = startWalking(kernel.programs.linkFd('live'))
  // All open, all closed, and after each of five bursts.
  const services = await compareExactly('crowd', { checkpoints: 7, open: () => kernel })
  expect(await walker.stop()).toBeGreaterThan(100)
  task.meta.compared = covered(services)
  const { connections, bytes } = task.meta.compared
  expect(connections).toBe(50_000 + 5 * 4_000)
  expect(kernel.drops()).not.toHaveProperty('sockets_full')
  console.log(`${connections} connections, ${bytes} bytes, difference 0`)
})
