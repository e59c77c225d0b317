import type { AttributedFlow } from '../../../agent/model.ts'
import { exampleFlow } from '../../../agent/test/example-flow.ts'

/** One minute of a node's flows, a tick of 10 s each; the same ones whenever it is asked. */
export type Traffic = {
  readonly name: string
  readonly ticks: number
  readonly flowsOf: (tick: number) => AttributedFlow[]
}

const TICKS = 6
const PODS = 30
const ZIPF_EXPONENT = 1.1

const owners = Array.from({ length: PODS }, (_, i) => ({
  namespace: `team-${i % 5}`,
  pod: `web-${i}`,
  container: 'nginx',
  workload: `web-${i % 10}`,
  workloadKind: 'Deployment',
}))

/** So many addresses that each come once. */
export function uniformTraffic(addresses: number): Traffic {
  const perTick = Math.ceil(addresses / TICKS)
  const flowsOf = (tick: number) => {
    const count = Math.min(perTick, addresses - tick * perTick)
    return Array.from({ length: count }, (_, i) => flowTo(tick * perTick + i, i))
  }
  return { name: 'uniform', ticks: TICKS, flowsOf }
}

/** As many flows, the n-th address with a share of 1 / n^1.1: few with much and many with little. */
export function zipfTraffic(addresses: number): Traffic {
  const perTick = Math.ceil(addresses / TICKS)
  const cumulated = new Float64Array(addresses)
  let sum = 0
  for (let rank = 0; rank < addresses; rank++) {
    sum += (rank + 1) ** -ZIPF_EXPONENT
    cumulated[rank] = sum
  }
  const flowsOf = (tick: number) => {
    const random = generator(tick + 1)
    return Array.from({ length: perTick }, (_, i) =>
      flowTo(firstAbove(cumulated, random() * sum), i),
    )
  }
  return { name: 'Zipf', ticks: TICKS, flowsOf }
}

function flowTo(address: number, i: number): AttributedFlow {
  // Multiplied by an odd number: neighbours in rank are not neighbours in the same network.
  const spread = Math.imul(address, 2_654_435_761) >>> 8
  return exampleFlow({
    owner: owners[address % PODS] ?? {},
    remoteAddress: `10.${spread >>> 16}.${(spread >>> 8) & 255}.${spread & 255}`,
    bytesSent: 100 + (i % 1_000),
    bytesReceived: 1_000 + (address % 977),
    connectionsOpened: 1,
    rttSumUs: 250,
    rttSamples: 1,
    rttMinUs: 250,
  })
}

function firstAbove(cumulated: Float64Array, value: number): number {
  let [low, high] = [0, cumulated.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cumulated[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Numbers from 0 to 1 that are the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
