import assert from 'node:assert/strict'
import { ledger } from './ledger.ts'
import { openTestKernel } from './open.ts'
import { compareExactly, covered, type Scenario } from './scenario.ts'
import { startTraffic } from './traffic.ts'

/** Every way in which a connection can end. */
export const closeScenarios: readonly Scenario[] = [
  {
    name: '1,000 connections in four ways of closing, 100 of them open at the end: every byte, on both ends',
    run: async () => {
      const services = await compareExactly('closes', { checkpoints: 2 })
      const ways = ['client first', 'server first', 'both at once', 'reset']
      assert.deepEqual(
        services.map(({ name, family }) => `${name}, v${family}`),
        ways.flatMap(way => [`${way}, v4`, `${way}, v6`]),
      )
      for (const { client, server } of services) {
        assert.deepEqual([client.opened, server.opened], [125, 125])
        assert(client.sent > 0)
      }
      return covered(services)
    },
  },
  exact(
    'a half-closed connection is reported while it goes on, and its FIN is no payload',
    'half-closed',
    3,
  ),
  exact('a closed client that the kernel keeps in FIN_WAIT2 is counted once', 'orphan', 2),
  exact('refused connects are failed connections, each attempt of a socket', 'refused'),
  exact('a socket that is disconnected and connected again counts each connection', 'reuse'),
  exact('a socket connected to itself counts the simultaneous open', 'self-connect'),
  exact(
    'at a reset with data under way, sent is what was acknowledged and received what arrived',
    'in-flight',
  ),
  exact(
    'fast open: data in the SYN counts, also where the server ends before the handshake is complete',
    'fast-open',
  ),
  exact('what nobody has accepted was received all the same, however it ends', 'never-accepted', 2),
  exact('every way of closing also where sockets of IPv6 carry IPv4', 'mapped', 2),
  {
    name: 'an IPv4 client of an IPv6 listener reads as IPv4 on both ends',
    run: async () => {
      using kernel = openTestKernel()
      await using traffic = startTraffic('dual-stack')
      const counts = ledger(kernel, traffic)
      const services = await traffic.next()
      await counts.drain()
      assert.deepEqual(services.map(counts.counted), services)
      const addresses = counts.flows().map(flow => flow.remoteAddress)
      assert.deepEqual(addresses, ['127.0.0.1', '127.0.0.1'])
      return covered(services)
    },
  },
]

function exact(name: string, scenario: string, checkpoints = 1): Scenario {
  return { name, run: async () => covered(await compareExactly(scenario, { checkpoints })) }
}
