import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stagePeers } from '../../image/peers/stage.ts'
import { freePorts } from '../../ports.ts'
import { simulateCluster } from '../api/collections.ts'
import { startMeasured, type MeasuredProcess } from '../api/process.ts'
import { startSimulatedApiServer } from '../api/server.ts'
import { storm } from '../api/storm.ts'
import { expectedPeers, requirePeers } from './peers-answers.ts'
import type { Bench } from '../result.ts'

const CHANGES_PER_SECOND = 100
const SCRAPE_EVERY_MS = 10_000
const PATIENCE_MS = 600_000

/**
 * What `peers` costs in a cluster of 1,000 nodes with 100 pods each: memory from its start on, and CPU
 * while 100 pods change each second and its metrics are scraped. Afterwards it must have the right
 * answer for every address.
 */
export const benchPeers: Bench = async ({ isSmall, print }) => {
  const nodes = isSmall ? 20 : 1_000
  const seconds = isSmall ? 2 : 60
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  await stagePeers(folder)
  const program = join(folder, 'app/peers.mjs')
  const bare = stack.use(startMeasured(['-e', 'setInterval(() => {}, 1e6)']))
  const cluster = simulateCluster(nodes)
  const server = stack.use(await startSimulatedApiServer(cluster))
  const { url: api, tokenFile, caFile } = server.addressFor('peers')
  const [port = 0] = await freePorts('any')
  const access = ['--api-server', api, '--api-token-file', tokenFile, '--api-ca-file', caFile]
  const listen = ['--listen', `127.0.0.1:${port}`, '--cluster', 'bench']
  const peers = stack.use(startMeasured([program, ...access, ...listen]))
  peers.output.resume()
  const url = `http://127.0.0.1:${port}`

  const startedMs = performance.now()
  await until(() => isReady(url), peers)
  const listSeconds = (performance.now() - startedMs) / 1_000
  const cpuOfLists = peers.cpuSeconds()
  const listed = peers.memoryMb()
  await scrape(url)
  await sleep(isSmall ? 0 : SCRAPE_EVERY_MS)
  const cpuBefore = peers.cpuSeconds()
  const beganMs = performance.now()
  const scraping = setInterval(() => void scrape(url), SCRAPE_EVERY_MS)
  stack.defer(() => clearInterval(scraping))
  const slots = Array.from({ length: cluster.pods.size }, (_, slot) => slot)
  const changes = await storm(cluster, { changesPerSecond: CHANGES_PER_SECOND, seconds, slots })
  const cores = (peers.cpuSeconds() - cpuBefore) / ((performance.now() - beganMs) / 1_000)
  clearInterval(scraping)
  const memory = peers.memoryMb()
  await until(() => isRight(url, expectedPeers(cluster)), peers)

  const details = {
    pods: cluster.pods.size,
    nodes,
    listSeconds,
    cpuOfLists,
    changes,
    bytes: server.bytesTo('peers'),
  }
  print({
    bench: 'peers',
    metric: `resident memory with ${cluster.pods.size} pods, at its peak`,
    unit: 'MB',
    measured: memory.peak,
    goal: { atMost: 250 },
    limit: `${Math.round(bare.memoryMb().resident)} MB, Node that does nothing`,
    details: { ...details, listed, changed: memory },
  })
  print({
    bench: 'peers',
    metric: `CPU at ${CHANGES_PER_SECOND} changes/s`,
    unit: 'core',
    measured: cores,
    goal: { atMost: 0.1 },
    limit: 'one parsing of each changed pod',
    details: { ...details, seconds, scrapeEveryMs: SCRAPE_EVERY_MS },
  })
}

async function isReady(url: string): Promise<boolean> {
  return await fetch(`${url}/readyz`).then(
    answer => answer.ok,
    () => false,
  )
}

/** Not yet, as long as events are under way: throws after the last try only. */
async function isRight(url: string, expected: ReturnType<typeof expectedPeers>): Promise<true> {
  await requirePeers(url, expected)
  return true
}

async function scrape(url: string): Promise<void> {
  const answer = await fetch(`${url}/metrics`, { headers: { 'accept-encoding': 'gzip' } })
  await answer.text()
}

/** Tries until it is true. Throws the last error, with what the process said. */
async function until(isDone: () => Promise<boolean>, peers: MeasuredProcess): Promise<void> {
  let error: unknown
  const deadlineMs = performance.now() + PATIENCE_MS
  while (performance.now() < deadlineMs) {
    try {
      if (await isDone()) return
    } catch (cause) {
      error = cause
    }
    await sleep(500)
  }
  throw new Error(`peers did not get there: ${peers.complaints()}`, { cause: error })
}
