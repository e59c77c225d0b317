import type { ApiError } from './api-error.ts'
import { apiServer } from './api-server.ts'
import { apiProblems } from './api-problems.ts'
import { peersApp } from './app.ts'
import { classify } from './classify.ts'
import type { Config } from './config.ts'
import { createDirectory } from './directory.ts'
import { infoSeries } from './info-series.ts'
import { startListWatch } from './list-watch.ts'
import type { ListWatch, Pace, Verb } from './list-watch.ts'
import { lookUp } from './lookup.ts'
import { peersMetrics } from './metrics.ts'
import { problemBoard } from '../program/problems.ts'
import { roomKeeper } from './room.ts'
import { resources } from './resources.ts'
import type { Resource } from './resources.ts'
import { createStrangers } from './strangers.ts'
import { startStrangerQuery } from './stranger-query.ts'

/** Every wait of a watch, and every pause that an API server may ask for, is shorter. */
const patienceMs = 15 * 60_000

/** Everything but the listening: watches the API server until disposed; `app` answers requests. */
export function startPeers(config: Config, log: (line: string) => void, pace: Partial<Pace> = {}) {
  const server = apiServer(config.api)
  const directory = createDirectory({
    ...config,
    onFault: (resource, fault) => metrics.countFault(resource, fault),
    onLeftOut: (kind, count) => {
      metrics.countLeftOut(kind, 'max_peers', count)
      room.leaveOut()
    },
  })
  const room = roomKeeper(directory.owners, config.maxPeers)
  const strangers = createStrangers(directory.owners, config.maxClassified)
  const metrics = peersMetrics({
    maxPeers: config.maxPeers,
    sizes: {
      objects: () => {
        const { nodes, services, pods, endpointslices } = directory.keepers
        return {
          nodes: nodes.size(),
          services: services.size(),
          pods: pods.size(),
          endpointslices: endpointslices.size(),
        }
      },
      claims: directory.owners.size,
      strangers: strangers.size,
    },
  })
  const problems = problemBoard(log)
  const api = apiProblems(problems)
  const unlisted = new Set<Resource>(resources)
  const stopping = new AbortController()
  const watches: ListWatch[] = []
  const starting = startWatches()
  const roomTimer = setInterval(() => {
    if (room.wantsList(Date.now())) for (const watch of watches) watch.relist()
  }, 10_000)
  const query = config.upstream
    ? startStrangerQuery({
        ...config,
        upstream: config.upstream,
        strangers,
        hasKind: target => classify(target, directory.podNetworks) !== undefined,
        metrics,
        problems,
      })
    : undefined

  const app = peersApp({
    registry: metrics.registry,
    infoSeries: () => infoSeries(directory, strangers, config.cluster),
    lookUp: lookUp(directory),
    problems: problems.current,
    notReady: () => (unlisted.size > 0 ? `not yet listed: ${[...unlisted].join(', ')}` : undefined),
    stuck,
  })
  return {
    app,
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      clearInterval(roomTimer)
      await Promise.all(watches.map(watch => watch[Symbol.asyncDispose]()))
      await starting
      await query?.[Symbol.asyncDispose]()
    },
  }

  /** One list after another: the API server is spared, and the few objects find room before the many. */
  async function startWatches(): Promise<void> {
    for (const resource of resources) {
      if (stopping.signal.aborted) return
      const watch = startListWatch({
        server,
        resource,
        keeper: directory.keepers[resource],
        events: eventsOf(resource),
        pace,
      })
      watches.push(watch)
      await watch.firstTry
    }
  }

  function stuck(): string | undefined {
    const silentMs = Math.max(0, ...watches.map(watch => Date.now() - watch.lastStepMs()))
    return silentMs > patienceMs ? `no step for ${Math.round(silentMs / 1_000)} s` : undefined
  }

  function eventsOf(resource: Resource) {
    return {
      onListed: () => {
        unlisted.delete(resource)
        metrics.countList(resource)
        log(`${resource}: ${directory.keepers[resource].size()} kept of the list`)
      },
      onContact: () => {
        metrics.setContact(resource, Date.now())
        api.recover(resource)
      },
      onEvent: (type: string) => metrics.countEvent(resource, type),
      onFailure: (verb: Verb, error: ApiError) => {
        metrics.countFailure(resource, verb, error.reason)
        api.fail(resource, verb, error)
      },
    }
  }
}
