import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ledger } from './ledger.ts'
import { openTestKernel } from './open.ts'
import { compareExactly, covered, type Scenario } from './scenario.ts'
import { startTraffic } from './traffic.ts'

/** Whose connection it is, and that each byte is one connection's. */
export const ownershipScenarios: readonly Scenario[] = [
  {
    name: 'a connection belongs to the cgroup that made its socket, or its listener, whoever uses it later',
    run: async () => {
      const services = await compareExactly('ownership')
      const cases = ['forked', 'passed', 'moved before connect', 'moved after connect']
      const names = [...cases, 'accepted elsewhere']
      assert.deepEqual(
        services.map(({ name }) => name),
        [...names, ...names],
      )
      return covered(services)
    },
  },
  {
    name: 'a connection whose cgroup is removed goes on counting for that cgroup',
    run: async () => {
      using kernel = openTestKernel()
      await using traffic = startTraffic('removed-cgroup')
      let services = await traffic.next()
      const removed = statSync(join(traffic.clientFolder, 'gone')).ino
      const counts = ledger(kernel, { ...traffic, clientCgroup: removed })
      for (const sent of [500, 1100, 1107]) {
        if (sent > 500) services = await traffic.next()
        await counts.drain()
        assert.deepEqual(services.map(counts.counted), services)
        assert.equal(services[0]?.client.sent, sent)
      }
      return covered(services)
    },
  },
  {
    name: 'MPTCP counts each byte once: in its subflow, not again in the connection above',
    run: async () => covered(await compareExactly('mptcp', { checkpoints: 2 })),
  },
]
