import assert from 'node:assert/strict'
import { constants, setPriority } from 'node:os'
import { isEmulated } from '../../../ci/bpf/prebuilt.ts'
import { decodeFlows } from '../../drain/flows.ts'
import { mountBpffs } from './bpffs.ts'
import { ledgerOf } from './ledger.ts'
import { openTestKernel, type TestKernel } from './open.ts'
import { covered, type Scenario } from './scenario.ts'
import { startTraffic } from './traffic.ts'
import { objectVariant } from './variant.ts'

/** What goes on while one version of the programs takes the place of another. */
export const changeScenarios: readonly Scenario[] = [
  {
    name: 'over changes of size and layout of the table of sockets each connection counts once, whenever it opens and closes',
    run: async () => {
      using bpffs = mountBpffs()
      using other = objectVariant('other-slots')
      using slow = objectVariant('slow-adoption')
      using reconnecting = objectVariant('slow-reconnection')
      const [larger, smaller] = [{ maxSockets: 131_072 }, { maxSockets: 65_536 }]
      using agent = agentOn(bpffs.pinDirectory)
      agent.start(larger)
      await using traffic = startTraffic('changes')
      // Else loading shares an emulated processor with three threads, and takes minutes.
      if (isEmulated()) setPriority(traffic.pid, constants.priority.PRIORITY_LOW)
      const counts = ledgerOf(agent.drain, traffic)
      await traffic.next()
      const changes = [smaller, { ...larger, ...slow }, { ...smaller, ...other }, larger]
      // What passes 100 µs here takes an emulated processor for itself. Few such changes meet the
      // moment in which a socket could get two places: hence so many.
      const slowly = Array.from({ length: 6 }, () => [
        { ...smaller, ...reconnecting },
        { ...larger, ...reconnecting },
      ]).flat()
      for (const change of isEmulated() ? changes : [...changes, ...slowly, ...changes]) {
        await counts.drain()
        agent.start(change)
      }
      const lasting = await traffic.next()
      await counts.drain()
      // What was carried over is in the second one after a change.
      await counts.drain()
      assert.deepEqual(lasting.map(counts.counted), lasting)
      const services = await traffic.next()
      await counts.drain()
      assert.deepEqual(services.map(counts.counted), services)
      return covered(services)
    },
  },
]

/** One after the other, as pods of the agent are. */
function agentOn(pinDirectory: string) {
  let kernel: TestKernel | undefined
  return {
    start: (options: Parameters<typeof openTestKernel>[0]) => {
      kernel?.[Symbol.dispose]()
      kernel = openTestKernel({ ...options, pinDirectory })
    },
    drain: async () => {
      assert(kernel)
      const drained = await kernel.drain()
      const flows = decodeFlows(drained)
      drained.release()
      assert.deepEqual(kernel.lostBytes(), {})
      assert.equal(kernel.drops()['close_unseen'], undefined)
      return flows
    },
    [Symbol.dispose]: () => kernel?.[Symbol.dispose](),
  }
}
