import type { ApiError } from './api-error.ts'
import { apiServer } from './api-server.ts'
import { peersApp } from './app.ts'
import type { Config } from './config.ts'
import { createDirectory } from './directory.ts'
import { infoSeries } from './info-series.ts'
import { startListWatch } from './list-watch.ts'
import type { ListWatch } from './list-watch.ts'
import { lookUp } from './lookup.ts'
import { peersMetrics } from './metrics.ts'
import { problemBoard } from '../program/problems.ts'
import { resources } from './resources.ts'
import type { Resource } from './resources.ts'
import { createStrangers } from './strangers.ts'
import { startStrangerQuery } from './stranger-query.ts'
import { describeFailure } from './failure.ts'

/** Everything but the listening: watches the API server until disposed; `app` answers requests. */
export function startPeers(config: Config, log: (line: string) => void) {
  const server = apiServer(config)
  const directory = createDirectory({
    ...config,
    onFault: (resource, fault) => metrics.countFault(resource, fault),
    onLeftOut: (kind, count) => metrics.countLeftOut(kind, 'max_peers', count),
  })
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
  const unlisted = new Set<Resource>(resources)
  const stopping = new AbortController()
  const watches: ListWatch[] = []
  const starting = startWatches()
  const query = config.prometheus
    ? startStrangerQuery({ ...config, prometheus: config.prometheus, strangers, metrics, problems })
    : undefined

  const app = peersApp({
    registry: metrics.registry,
    infoSeries: () => infoSeries(directory, strangers, config.cluster),
    lookUp: lookUp(directory),
    problems: problems.current,
    notReady: () => (unlisted.size > 0 ? `not yet listed: ${[...unlisted].join(', ')}` : undefined),
    stuck: () => undefined,
  })
  return {
    app,
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
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
      })
      watches.push(watch)
      await watch.firstTry
    }
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
        problems.report(resource, undefined)
      },
      onEvent: (type: string) => metrics.countEvent(resource, type),
      onFailure: (verb: 'list' | 'watch', error: ApiError) => {
        metrics.countFailure(resource, verb, error.reason)
        problems.report(resource, describeFailure(resource, verb, error))
      },
    }
  }
}
