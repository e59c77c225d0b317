import type { AttributedFlow } from '../../../agent/model.ts'
import { collectGarbage } from '../garbage.ts'
import type { Bench } from '../result.ts'
import { INTERVAL_MS, newAggregation, printSums, START_MS } from './series-cap-sums.ts'
import { uniformTraffic, zipfTraffic, type Traffic } from './series-cap-traffic.ts'
import { spreadOf } from '../spread.ts'

const ADDRESSES = 1_000_000

/**
 * A minute with a million remote addresses against a budget of 10,000 series: exact sums, time and
 * memory, beside one exact map without a bound.
 */
export const benchSeriesCap: Bench = async ({ isSmall, print }) => {
  const addresses = isSmall ? 20_000 : ADDRESSES
  const rounds = isSmall ? 1 : 2
  for (const traffic of [uniformTraffic(addresses), zipfTraffic(addresses)]) {
    printSums(traffic, print)
    const runs = Array.from({ length: rounds }, () => ({
      ours: measure(traffic, newAggregation().aggregate),
      map: measure(traffic, exactMap()),
    }))
    const [ours, map] = [runs.map(run => run.ours), runs.map(run => run.map)]
    const nsPerUpdate = spreadOf(ours.map(({ ns }) => ns))
    const mapNs = spreadOf(map.map(({ ns }) => ns))
    const heldMb = spreadOf(ours.map(({ mb }) => mb))
    const mapMb = spreadOf(map.map(({ mb }) => mb))
    const details = { addresses, rounds, mapNs, mapMb }
    print({
      bench: 'series-cap',
      metric: `${traffic.name}: CPU per update`,
      unit: 'ns',
      measured: nsPerUpdate.median,
      // Half a second for a full drain of the kernel's map, once in an interval.
      goal: { atMost: 15_000 },
      limit: `${Math.round(mapNs.median)} ns, one exact map`,
      spread: nsPerUpdate,
      details,
    })
    print({
      bench: 'series-cap',
      metric: `${traffic.name}: memory after a minute`,
      unit: 'MB',
      measured: heldMb.median,
      goal: { atMost: 6 },
      limit: `${Math.round(mapMb.median)} MB, one exact map`,
      spread: heldMb,
      details,
    })
  }
}

type Count = (flows: readonly AttributedFlow[], nowMs: number) => unknown

/** CPU time per flow, collecting garbage included, and what is held in the end, apart from the flows. */
function measure(traffic: Traffic, count: Count) {
  const before = heldBytes()
  let us = 0
  let updates = 0
  for (let tick = 0; tick < traffic.ticks; tick++) {
    const taken = countTick(traffic, tick, count)
    us += taken.us
    updates += taken.updates
  }
  // An empty tick: what the last one held of its flows is let go.
  count([], START_MS + traffic.ticks * INTERVAL_MS)
  return { ns: (us * 1e3) / updates, mb: (heldBytes() - before) / 1e6 }
}

/** A function of its own: in a loop, the flows of the last tick would be held as long as it runs. */
function countTick(traffic: Traffic, tick: number, count: Count) {
  const flows = traffic.flowsOf(tick)
  // Not by the clock: what others do on the machine would be the larger part.
  const before = process.cpuUsage()
  count(flows, START_MS + tick * INTERVAL_MS)
  const { user, system } = process.cpuUsage(before)
  return { us: user + system, updates: flows.length }
}

function heldBytes(): number {
  // The second time frees what the first one only found.
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

type Sums = { sent: number; received: number; opened: number; rttUs: number; rtts: number }

/** What one writes first: a record for every combination of labels there ever was. */
function exactMap() {
  const sums = new Map<string, Sums>()
  return (flows: readonly AttributedFlow[]) => {
    for (const flow of flows) {
      const { namespace = '', pod = '', container = '' } = flow.owner
      const key = [
        namespace,
        pod,
        container,
        flow.remoteAddress,
        flow.servicePort,
        flow.protocol,
        flow.role,
      ].join()
      let sum = sums.get(key)
      if (!sum) sums.set(key, (sum = { sent: 0, received: 0, opened: 0, rttUs: 0, rtts: 0 }))
      sum.sent += flow.bytesSent
      sum.received += flow.bytesReceived
      sum.opened += flow.connectionsOpened
      sum.rttUs += flow.rttSumUs
      sum.rtts += flow.rttSamples
    }
    return sums
  }
}
