import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEmulated } from '../../../ci/bpf/prebuilt.ts'
import { ledger } from './ledger.ts'
import { openTestKernel, type TestKernel } from './open.ts'
import { covered, type Compared, type Scenario } from './scenario.ts'
import { startTraffic, startWalking } from './traffic.ts'
import { objectVariant, type VariantName } from './variant.ts'

/** What happens at the same time: the kernel's programs interrupt and overtake each other. */
export const raceScenarios: readonly Scenario[] = [
  {
    name: 'drains while connections open and close lose nothing and count nothing twice',
    run: async () => {
      using kernel = openTestKernel()
      return await compareInRace(kernel)
    },
  },
  reusing('while the iterator looks at it', 'slow-look', 256),
  reusing('while the iterator is about to report what it saw', 'slow-report', 256),
  reusing('before every program has dealt with its close', 'slow-second-close', 32),
  {
    name: 'a close is counted also when the kernel skips a program that is just running on that CPU',
    run: async () => {
      using variant = objectVariant('slow-state')
      using kernel = openTestKernel(variant)
      let compared = covered([])
      // Whether timers fire in the middle of a program is chance: mostly they do the first time.
      for (let attempt = 1; attempt <= 5 && kernel.skippedRuns() === 0; attempt++) {
        await using traffic = startTraffic('timeouts')
        const counts = ledger(kernel, traffic)
        const services = await traffic.next()
        await counts.drain()
        assert.deepEqual(services.map(counts.counted), services)
        compared = covered(services)
      }
      assert(kernel.skippedRuns() > 0, 'the kernel skipped no run')
      return compared
    },
  },
]

/** Not in emulation, where what is slowed takes minutes. */
export const leavingOutScenario: Scenario = {
  name: 'sockets that open where the walk has just found none count while they are open',
  run: async () => {
    using variant = objectVariant('slow-leaving')
    using kernel = openTestKernel({ ...variant, maxSockets: 2_048 })
    await using traffic = startTraffic('come-and-stay')
    const counts = ledger(kernel, traffic)
    await traffic.next()
    await counts.drain() // what is empty has been left out
    const walker = startWalking(kernel.programs.linkFd('live'))
    await sleep(500) // until it walks
    let services = await traffic.next()
    for (let rounds = 1; rounds <= 10; rounds++) {
      await counts.drain()
      assert.deepEqual(services.map(counts.counted), services)
      services = await traffic.next()
    }
    assert((await walker.stop()) > 10)
    await counts.drain()
    assert.deepEqual(services.map(counts.counted), services)
    return covered(services)
  },
}

/** So small a table that another socket takes the place over at once. */
function reusing(moment: string, slow: VariantName, maxSockets: number): Scenario {
  return {
    name: `nor when a socket becomes another connection ${moment}`,
    run: async () => {
      using variant = objectVariant(slow)
      using kernel = openTestKernel({ ...variant, maxSockets })
      return await compareInRace(kernel)
    },
  }
}

/** Thousands of connections come and go on every CPU while the iterator runs and maps are swapped all the time. */
export async function compareInRace(kernel: TestKernel): Promise<Compared> {
  await using traffic = startTraffic(isEmulated() ? 'short-race' : 'race')
  const counts = ledger(kernel, traffic)
  await traffic.next()

  const progress = { isDone: false }
  const finished = traffic.next().finally(() => {
    progress.isDone = true
  })
  const walker = startWalking(kernel.programs.linkFd('live'))
  let drains = 0
  while (!progress.isDone) {
    await counts.drain()
    drains++
  }
  const services = await finished
  const walks = await walker.stop()
  await counts.drain()

  assert.deepEqual(services.map(counts.counted), services)
  assert.deepEqual(kernel.lostBytes(), {})
  for (const { client } of services) assert(client.opened > 1000, `only ${client.opened} opened`)
  // Connections of others on this machine may be older than the programs, and close.
  const unknown = kernel.drops()['unknown_socket'] ?? 0
  assert(unknown < 500, `${unknown} closed that no program knew`)
  assert(drains > 10, `only ${drains} drains`)
  assert(walks > 100, `only ${walks} walks`)
  return covered(services)
}
