import { expect, test } from 'vitest'
import type { Flow, Role } from '../model.ts'
import { ledger } from './test/ledger.ts'
import { openTestKernel } from './test/open.ts'
import { seeingAll } from './test/scenario.ts'
import { startTraffic, type Service, type Signals } from './test/traffic.ts'

/** Runs a scenario, and gives its truth and what the kernel counted, service by service. */
async function count(scenario: string) {
  using kernel = openTestKernel()
  await using traffic = startTraffic(scenario)
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  await counts.drain()
  expect(kernel.lostBytes()).toEqual({})
  const flowsOf = (service: Service) =>
    counts.flows().filter(flow => flow.servicePort === service.port)
  return services.map(service => ({ service, signals: signalsOf(flowsOf(service)) }))
}

function signalsOf(flows: readonly Flow[]): Signals {
  const sum = (role: Role, field: keyof Flow) =>
    flows.reduce((total, flow) => total + (flow.role === role ? Number(flow[field]) : 0), 0)
  const quality = (role: Role, other: Role) => ({
    resets: agreed(sum(role, 'resetByUs'), sum(other, 'resetByPeer')),
    retransmits: sum(role, 'retransmits'),
    rttSumUs: sum(role, 'rttSumUs'),
    rttMinUs: sum(role, 'rttMinUs'),
  })
  return {
    refused: sum('client', 'failedRefused'),
    timedOut: sum('client', 'failedTimedOut'),
    unreachable: sum('client', 'failedUnreachable'),
    other: sum('client', 'failedOther'),
    client: quality('client', 'server'),
    server: quality('server', 'client'),
  }
}

/** A reset is told by both ends: each must say the same of it. */
function agreed(ours: number, theirs: number): number {
  return ours === theirs ? ours : Number.NaN
}

test('connections that fail are counted by the reason that the program got', () =>
  seeingAll(async () => {
    const services = await count('failures')
    for (const { service, signals } of services) {
      expect({ [service.name]: signals }).toEqual({ [service.name]: service.signals })
    }
    const reasons = services.map(({ signals: { refused, timedOut, unreachable, other } }) => [
      refused,
      timedOut,
      unreachable,
      other,
    ])
    expect([...reasons.slice(0, 4), reasons.at(-1)]).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [0, 0, 1, 0],
    ])
  }))

test('connections that are broken off say at both ends by whom; an orderly close is none', () =>
  seeingAll(async () => {
    const [{ service, signals } = { service: undefined, signals: undefined }] =
      await count('resets')
    expect(signals?.client.resets).toBe(service?.signals.client.resets)
    expect(signals?.server.resets).toBe(service?.signals.server.resets)
    expect([signals?.client.resets, signals?.server.resets]).toEqual([12, 12])
    // They were closed when the kernel was read.
    expect(signals?.client.rttMinUs).toBeGreaterThan(0)
    expect(signals?.server.rttMinUs).toBeGreaterThan(0)
  }))

test('what is sent again, and round-trip times, are those of TCP_INFO', () =>
  seeingAll(async () => {
    const [first] = await count('loss')
    expect(first?.signals).toEqual(first?.service.signals)
    expect(first?.signals.client.retransmits).toBeGreaterThan(0)
    expect(first?.signals.server.retransmits).toBeGreaterThan(0)
    expect(first?.signals.client.rttMinUs).toBeGreaterThan(0)
  }))
