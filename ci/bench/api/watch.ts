import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startNodeAgent, type NodeAgent } from './agent.ts'
import { simulateCluster, type SimulatedCluster } from './collections.ts'
import { watchEverything } from './everything.ts'
import { nodeNameOf, podLife } from './life.ts'
import { jsonOf } from './managed-fields.ts'
import { startSimulatedApiServer, type SimulatedApiServer } from './server.ts'
import { calm, storm } from './storm.ts'
import { sendFromEach, type Sent } from './traffic.ts'
import { PODS_PER_NODE } from './workloads.ts'
import type { Bench } from '../result.ts'

const QUIET_RATE = 100
const STORM_RATE = 1_000
const PATIENCE_MS = 120_000

/**
 * What one agent asks of the API server of a cluster of 1,000 nodes with 100 pods each, against a watch
 * of all pods in the same run; and what a storm of changes costs it. Afterwards every container of its
 * node sends something, and must be known by its name.
 */
export const benchApiWatch: Bench = async ({ isSmall, print }) => {
  const nodes = isSmall ? 20 : 1_000
  const seconds = isSmall ? 2 : 60
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const cluster = simulateCluster(nodes)
  const server = stack.use(await startSimulatedApiServer(cluster))
  const node = Math.floor(nodes * 0.4)
  const own = Array.from({ length: PODS_PER_NODE }, (_, place) => node * PODS_PER_NODE + place)
  const everywhere = Array.from({ length: cluster.pods.size }, (_, slot) => slot)
  const ownBytes = countOwnBytes(cluster, own)
  const api = server.addressFor('agent')
  const agent = stack.use(
    await startNodeAgent(folder, { nodeName: nodeNameOf(node), api, intervalS: isSmall ? 1 : 10 }),
  )
  await until(() => server.requestsOf('agent').some(request => request.includes('watch=')), agent)

  {
    await using everything = new AsyncDisposableStack()
    everything.use(await watchEverything(server.addressFor('everything')))
    await storm(cluster, { changesPerSecond: QUIET_RATE, seconds, slots: everywhere })
    await sleep(1_000)
  }
  const bytes = {
    agent: server.bytesTo('agent'),
    everything: server.bytesTo('everything'),
    own: ownBytes(),
  }
  const idle = agent.memoryMb()

  await storm(cluster, { changesPerSecond: STORM_RATE, seconds, slots: everywhere })
  const afterWide = agent.memoryMb()
  agent.forgetPeak()
  const cpuBefore = agent.cpuSeconds()
  const beganMs = performance.now()
  const changes = await storm(cluster, { changesPerSecond: STORM_RATE, seconds, slots: own })
  const cores = (agent.cpuSeconds() - cpuBefore) / ((performance.now() - beganMs) / 1_000)
  calm(cluster, own)
  // Every other pod's first container crashes once more: only the very last event tells its new id.
  for (const slot of own.filter((_, index) => index % 2 === 0)) cluster.change(slot)
  const stormed = agent.memoryMb()
  // Who was cut off comes back when its pause is over.
  await until(server.areUpToDate, agent)
  await sleep(1_000)
  const containers = await requireNames(cluster, own, agent)
  await sleep(isSmall ? 0 : 10_000)
  const after = agent.memoryMb()

  print({
    bench: 'api-watch',
    metric: `bytes to the agent of 1 of ${nodes} nodes`,
    unit: '× own pods',
    measured: bytes.agent / bytes.own,
    goal: { atMost: 1.05 },
    limit: `1; a watch of all pods ${Math.round(bytes.everything / bytes.own)}`,
    details: {
      pods: cluster.pods.size,
      bytes,
      requests: requestsOf(server),
      seconds,
      changesPerSecond: QUIET_RATE,
    },
  })
  print({
    bench: 'api-watch',
    metric: `resident memory in a storm of ${STORM_RATE} changes/s on its node, at its peak`,
    unit: 'MB',
    measured: stormed.peak,
    goal: { atMost: 62 },
    limit: `${Math.round(idle.resident)} MB, the same agent before`,
    details: {
      idle,
      afterStormOverCluster: afterWide,
      stormed,
      after,
      changes,
      seconds,
      cores,
      cutOff: server.cutOff(),
    },
  })
  print({
    bench: 'api-watch',
    metric: `containers of the node without their right name after ${changes} changes`,
    unit: '',
    measured: 0,
    goal: { atMost: 0 },
    limit: '0',
    details: { containers, requests: requestsOf(server) },
  })
}

/** Bytes of the JSON of a node's pods: as they are now, and from now on at each of their changes. */
function countOwnBytes({ pods, onChange }: SimulatedCluster, own: readonly number[]): () => number {
  const { stepOf, versionOf } = pods.history
  const sizeAt = (slot: number, step: number, version: number) => {
    const object = pods.objectAt(slot, step, version)
    return object === undefined ? 0 : Buffer.byteLength(jsonOf(object))
  }
  let bytes = own.reduce((sum, slot) => sum + sizeAt(slot, stepOf(slot), versionOf(slot)), 0)
  const isOwn = new Set(own)
  onChange((collection, { slot, step, version }) => {
    if (collection !== pods || !isOwn.has(slot)) return
    const life = podLife(slot, step)
    // A pod without a node is nobody's; one that goes is told as it was.
    if (life?.nodeName !== undefined) bytes += sizeAt(slot, step, version)
    else if (life === undefined) bytes += sizeAt(slot, step - 1, version)
  })
  return () => bytes
}

/** Throws unless each container's bytes are counted under its names. Gives how many there are. */
async function requireNames(
  cluster: SimulatedCluster,
  own: readonly number[],
  agent: NodeAgent,
): Promise<number> {
  const lives = own.map(slot => podLife(slot, cluster.pods.history.stepOf(slot)))
  let count = 0
  await sendFromEach(
    lives.filter(life => life !== undefined),
    async sent => {
      count = sent.length
      const isRight = ({ container, bytes }: Sent) => agent.sentBy.get(container) === bytes
      await until(
        () => sent.every(isRight),
        agent,
        () => {
          const wrong = sent
            .filter(one => !isRight(one))
            .map(one => ({ ...one, counted: agent.sentBy.get(one.container) }))
          return JSON.stringify(wrong.slice(0, 3))
        },
      )
    },
  )
  return count
}

/** How often what was asked for, without what differs each time. */
function requestsOf(server: SimulatedApiServer): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const request of server.requestsOf('agent')) {
    const { pathname, searchParams } = new URL(request, 'https://api')
    const what = `${searchParams.has('watch') ? 'watch' : 'read'} ${pathname}`
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

async function until(isDone: () => boolean, agent: NodeAgent, what = () => ''): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS
  while (!isDone()) {
    if (performance.now() > deadlineMs)
      throw new Error(`the agent did not get there: ${what()} ${agent.complaints()}`)
    await sleep(50)
  }
}
