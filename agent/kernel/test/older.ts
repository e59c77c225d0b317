import assert from 'node:assert/strict'
import { constants, setPriority } from 'node:os'
import { isEmulated } from '../../../ci/bpf/prebuilt.ts'
import { ledger, type Ledger } from './ledger.ts'
import { openTestKernel } from './open.ts'
import { covered, type Compared, type Scenario } from './scenario.ts'
import { startTraffic, type Service } from './traffic.ts'
import { objectVariant } from './variant.ts'

/** Connections that are older than the programs. */
export const olderScenarios: readonly Scenario[] = [
  {
    name: 'older connections of two network namespaces, half-closed and unaccepted ones too, count from their discovery on and not before',
    run: async () => {
      await using traffic = startTraffic('seed')
      let services = await traffic.next()
      using kernel = openTestKernel()
      await kernel.seed()
      const counts = ledger(kernel, traffic)
      await counts.drain()
      assert.deepEqual(counts.flows(), [])
      for (let checkpoint = 2; checkpoint <= 4; checkpoint++) {
        services = await traffic.next()
        await counts.drain()
        assert.deepEqual(services.map(counts.counted), services)
      }
      const addresses = counts.flows().map(({ remoteAddress }) => remoteAddress)
      assert.deepEqual(new Set(addresses), new Set(['127.0.0.1', '127.0.0.2', '::1']))
      assert.deepEqual(kernel.lostBytes(), {})
      return covered(services)
    },
  },
  {
    name: 'a descriptor that is in no process while the files are walked is found by the next search',
    run: async () => {
      await using traffic = startTraffic('seed-in-flight')
      await traffic.next()
      using kernel = openTestKernel()
      await kernel.seed()
      await traffic.next()
      const early = ledger(kernel, traffic)
      await early.drain()
      assert.deepEqual(
        early.flows().map(({ role, bytesReceived }) => [role, bytesReceived]),
        [['server', 100]],
      )
      await kernel.seed()
      return await compareRest(2, traffic, ledger(kernel, traffic))
    },
  },
  {
    name: 'of a very long accept queue the rest is named as a drop, and found once it is accepted',
    run: async () => {
      await using traffic = startTraffic('seed-full-queue')
      await traffic.next()
      using kernel = openTestKernel()
      await kernel.seed()
      const counts = ledger(kernel, traffic)
      await counts.drain()
      assert(kernel.drops()['accept_queue_full'])
      await traffic.next()
      await kernel.seed()
      return await compareRest(1, traffic, counts)
    },
  },
  {
    name: 'older connections are found while they are busy',
    run: () => compareBusy('busy'),
  },
  {
    name: 'and while others open and close',
    run: () => compareBusy('busy-reconnecting'),
  },
  {
    name: 'nor is a byte of theirs counted twice when much happens while a socket is looked at',
    run: async () => {
      using variant = objectVariant('slow-seed')
      return await compareBusy('busy-reconnecting', () => openTestKernel(variant))
    },
  },
  {
    name: 'where the numbers of a socket do not tell who connected, its listener does',
    run: async () => {
      using variant = objectVariant('listeners-tell-roles')
      return await compareBusy('busy', () => openTestKernel(variant))
    },
  },
]

async function compareRest(
  checkpoints: number,
  traffic: { readonly next: () => Promise<readonly Service[]> },
  counts: Ledger,
) {
  let services: readonly Service[] = []
  for (let checkpoint = 1; checkpoint <= checkpoints; checkpoint++) {
    services = await traffic.next()
    await counts.drain()
    assert.deepEqual(services.map(counts.counted), services)
  }
  return covered(services)
}

/**
 * Opens the kernel while a scenario of bpf/test/busy.c works. How much was carried before the discovery can be
 * bounded only; from a moment of rest on, every byte must be there.
 */
async function compareBusy(scenario: string, open = openTestKernel): Promise<Compared> {
  await using traffic = startTraffic(scenario)
  // Else loading shares an emulated processor with eight threads, and takes a minute.
  if (isEmulated()) setPriority(traffic.pid, constants.priority.PRIORITY_LOW)
  const start = await traffic.next()
  using kernel = open()
  await kernel.seed()
  const counts = ledger(kernel, traffic)
  const atRest = await traffic.next()
  await counts.drain()
  const found = atRest.map(counts.counted)
  const atMost = minus(atRest, start)
  for (const [index, service] of found.entries()) {
    for (const end of ['client', 'server'] as const) {
      for (const field of ['opened', 'sent', 'received'] as const) {
        assert(service[end][field] <= (atMost[index]?.[end][field] ?? 0))
      }
    }
  }
  assert(found.some(({ server }) => server.sent > 0))
  let services = atRest
  for (let checkpoint = 3; checkpoint <= 4; checkpoint++) {
    services = await traffic.next()
    await counts.drain()
    assert.deepEqual(minus(services.map(counts.counted), found), minus(services, atRest))
  }
  return covered(minus(services, atRest))
}

function minus(now: readonly Service[], before: readonly Service[]): Service[] {
  return now.map((service, index) => {
    const then = before[index] ?? service
    const end = (name: 'client' | 'server') => ({
      opened: service[name].opened - then[name].opened,
      sent: service[name].sent - then[name].sent,
      received: service[name].received - then[name].received,
      datagramsSent: service[name].datagramsSent - then[name].datagramsSent,
      datagramsReceived: service[name].datagramsReceived - then[name].datagramsReceived,
    })
    return { ...service, client: end('client'), server: end('server') }
  })
}
