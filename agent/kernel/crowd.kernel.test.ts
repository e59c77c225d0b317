import { expect, test } from 'vitest'
import { Settings } from '../settings.ts'
import { openTestKernel } from './test/open.ts'
import { compareExactly, covered, seeingAll, type Compared } from './test/scenario.ts'
import { startWalking } from './test/traffic.ts'

test('100,000 sockets opened and closed in bursts lose no byte, with the sizes of the default', async ({
  task,
}) => {
  task.meta.compared = await seeingAll(compareCrowd)
  const { connections, bytes } = task.meta.compared
  expect(connections).toBe(50_000 + 5 * 4_000)
  console.log(`${connections} connections, ${bytes} bytes, difference 0`)
})

async function compareCrowd(): Promise<Compared> {
  const { maxFlows, maxSockets } = Settings.parse({}).kernel
  const kernel = openTestKernel({ maxFlows, maxSockets })
  // Sockets open where the walk has just found none: they must be counted while they are open.
  const walker = startWalking(kernel.programs.linkFd('live'))
  const comparison = compareExactly('crowd', {
    checkpoints: 7, // all open, all closed, and after each of five bursts
    open: () => kernel,
  })
  await Promise.allSettled([comparison])
  expect(await walker.stop()).toBeGreaterThan(100)
  expect(kernel.drops()).not.toHaveProperty('sockets_full')
  return covered(await comparison)
}
