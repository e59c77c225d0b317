import assert from 'node:assert/strict'
import type { Flow } from '../../model.ts'
import { socketTable } from '../tables/socket-table.ts'
import { ledger } from './ledger.ts'
import { openTestKernel } from './open.ts'
import { compareExactly, covered, type Scenario } from './scenario.ts'
import { startTraffic, type Service } from './traffic.ts'
import { objectVariant, type VariantName } from './variant.ts'

/** A change of state that no program sees, for whatever reason: the next walk over the sockets tells. */
export const unseenScenarios: readonly Scenario[] = [
  {
    name: 'a failure that no program saw counts, by its reason if the socket still has it, and is told',
    hidesEvents: true,
    run: async () => {
      using variant = objectVariant('failures-unseen')
      using kernel = openTestKernel(variant)
      await using traffic = startTraffic('kept-failures')
      const counts = ledger(kernel, traffic)
      const kept = await traffic.next()
      const failures = kept.reduce((sum, { failed }) => sum + failed, 0)
      for (let drains = 0; drains < 2; drains++) await counts.drain()
      assert.deepEqual(kept.map(counts.counted), kept)
      const sum = (read: (flow: ReturnType<typeof counts.flows>[number]) => number) =>
        counts.flows().reduce((total, flow) => total + read(flow), 0)
      assert.equal(
        sum(flow => flow.failedRefused),
        failures / 2,
      )
      assert.equal(
        sum(flow => flow.failedOther),
        failures / 2,
      )
      // Others on this machine fail to connect, too.
      const told = () => kernel.drops()['close_unseen'] ?? 0
      assert(told() >= failures, `${told()} told`)

      const before = told()
      const services = await traffic.next()
      const gone = services.reduce((total, { failed }) => total + failed, 0) - failures
      await counts.drain()
      assert(told() - before >= gone, `${told() - before} told`)
      assert(socketTable(kernel.programs).count() < failures, 'places were not given back')
      return covered(services)
    },
  },
  openingUnseen('half-closed', 3, 'the walk tells while it lasts'),
  openingUnseen('closes', 2, 'its close tells'),
  closeUnseen('closes-unseen', 'a close that no program saw loses no byte'),
  closeUnseen('lives-unseen', 'nor if no program saw it open either'),
]

/** However it closes. */
function closeUnseen(name: VariantName, promise: string): Scenario {
  return {
    name: `${promise} as long as the socket is there, and is told`,
    hidesEvents: true,
    run: async () => {
      using variant = objectVariant(name)
      using kernel = openTestKernel(variant)
      await using traffic = startTraffic('held-closed')
      const counts = ledger(kernel, traffic)
      const told = () => kernel.drops()['close_unseen'] ?? 0
      const compare = (services: readonly Service[]) => {
        assert.deepEqual(services.map(counts.counted), services)
        assert.deepEqual(
          services.map(({ port }) => resets(counts.flows(), port)),
          services.map(({ signals }) => ({ byPeer: signals.client.resets, byUs: 0 })),
        )
      }
      const closed = await traffic.next()
      await counts.drain()
      compare(closed)
      assert(counts.flows().every(({ rttSamples }) => rttSamples > 0))
      const ends = endsOf(closed.filter(service => service.name !== 'reused'))
      assert(told() >= ends, `${told()} told of ${ends}`)

      const before = told()
      const reused = await traffic.next()
      await counts.drain()
      compare(reused)
      assert(told() >= before + 2, `${told() - before} told`)
      assert.deepEqual(kernel.lostBytes(), {})
      return covered(reused)
    },
  }
}

function endsOf(services: readonly Service[]): number {
  return services.reduce((sum, { client, server }) => sum + client.opened + server.opened, 0)
}

function resets(flows: readonly Flow[], port: number) {
  const ofService = flows.filter(({ servicePort }) => servicePort === port)
  const sum = (field: 'resetByPeer' | 'resetByUs') =>
    ofService.reduce((total, flow) => total + flow[field], 0)
  return { byPeer: sum('resetByPeer'), byUs: sum('resetByUs') }
}

function openingUnseen(traffic: string, checkpoints: number, how: string): Scenario {
  return {
    name: `a connection that no program saw open counts with every byte: ${how}`,
    run: async () => {
      using variant = objectVariant('openings-unseen')
      const open = () => openTestKernel(variant)
      return covered(await compareExactly(traffic, { checkpoints, open }))
    },
  }
}
