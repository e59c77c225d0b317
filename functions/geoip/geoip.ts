import { QueryError } from '../prometheus/answer.ts'
import { geoipApp } from './app.ts'
import { attributionOf } from './attribution.ts'
import type { Config } from './config.ts'
import { connectionsCache } from './connections-cache.ts'
import { connectionReader } from './connections.ts'
import { openDatabases } from './database.ts'
import { entriesOf } from './entries.ts'
import { locator } from './locate.ts'
import { geoMetrics } from './metrics.ts'
import type { Assets } from './page-assets.ts'
import { startPolling } from '../program/poll.ts'
import { problemBoard } from '../program/problems.ts'
import { prometheusClient } from '../prometheus/query.ts'

const maxRows = 2_000

/** Everything but the listening: polls Prometheus until disposed; `app` answers requests. */
export function startGeoip(config: Config, assets: Assets, log: (line: string) => void) {
  const stopping = new AbortController()
  const ask = prometheusClient({
    baseUrl: config.prometheus,
    timeoutMs: config.timeoutMs,
    stop: stopping.signal,
  })
  const databases = openDatabases(config.databases, { language: config.language, log })
  const metrics = geoMetrics(config)
  const locate = locator(databases.find, metrics.countLookup)
  const problems = problemBoard(log)
  let isFirstReadDone = false

  const polling = startPolling({
    everyMs: config.pollEveryMs,
    tick: async () => {
      await refreshDatabases()
      await refreshMetrics()
    },
    onError: error => problems.report('poll', `poll: ${String(error)}`),
  })

  const connections = connectionsCache({
    read: connectionReader({ ask, locate: locator(databases.find, () => {}), maxRows }),
    freshMs: 2_000,
    maxWindows: 8,
  })
  const app = geoipApp({
    registry: metrics.registry,
    locate,
    connections,
    assets,
    attribution: () => attributionOf(databases.loaded()),
    problems: problems.current,
    notReady: () => {
      if (!isFirstReadDone) return 'the databases are being read'
      return databases.loaded().length === 0 ? problems.current()[0] : undefined
    },
    stuck: () => {
      const silentMs = Date.now() - polling.lastStartMs()
      const patienceMs = 3 * config.pollEveryMs + config.timeoutMs + 60_000
      return silentMs > patienceMs ? `no poll for ${Math.round(silentMs / 1_000)} s` : undefined
    },
  })
  return {
    app,
    [Symbol.asyncDispose]: () => {
      stopping.abort()
      return polling[Symbol.asyncDispose]()
    },
  }

  async function refreshDatabases(): Promise<void> {
    const failures = await databases.refresh()
    const text = failures.map(failure => failure.text).join('; ')
    problems.report('databases', text || undefined)
    metrics.setDatabases(databases.loaded(), failures)
    isFirstReadDone = true
  }

  async function refreshMetrics(): Promise<void> {
    const startedMs = Date.now()
    try {
      const { samples, warnings } = await ask(config.query)
      const seconds = (Date.now() - startedMs) / 1_000
      metrics.observeQuery(seconds)
      metrics.replace(
        entriesOf(samples, { ...config, maxEntries: config.maxAddresses, locate }),
        Date.now(),
      )
      problems.report('Prometheus', undefined)
      const warning = warnings.length > 0 ? `Prometheus warns: ${warnings.join('; ')}` : undefined
      problems.report('Prometheus without warnings', warning)
      if (config.debug) log(`${samples.length} samples in ${seconds} s for ${config.query}`)
    } catch (error) {
      if (stopping.signal.aborted) return
      metrics.countFailure(error instanceof QueryError ? error.reason : 'no_address')
      metrics.expire(Date.now())
      problems.report('Prometheus', error instanceof Error ? error.message : String(error))
    }
  }
}
