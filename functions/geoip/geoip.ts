import { geoipApp } from './app.ts'
import { attributionOf } from './attribution.ts'
import type { Config } from './config.ts'
import { answerCache } from './answer-cache.ts'
import { connectionReader } from './connections/connections.ts'
import { openDatabases } from './database/database.ts'
import { historyReader } from './connections/history.ts'
import { locator } from './locate.ts'
import { geoMetrics } from './metrics.ts'
import type { Assets } from './page-assets.ts'
import { startPolling } from '../program/poll.ts'
import { problemBoard } from '../program/problems.ts'
import { prometheusClient } from '../prometheus/query.ts'
import { startQueryLoop } from './query-loop.ts'
import { placeSeries } from './series.ts'
import { verdictReader } from './connections/verdicts.ts'

const maxRows = 2_000

/** Everything but the listening: polls Prometheus until disposed; `app` answers requests. */
export function startGeoip(config: Config, assets: Assets, log: (line: string) => void) {
  const { upstream, timeoutMs, queries, language } = config
  const stopping = new AbortController()
  const prometheus = prometheusClient({ upstream, timeoutMs, stop: stopping.signal })
  const databases = openDatabases(config.databases, { language, log })
  const metrics = geoMetrics()
  const series = placeSeries(queries.reduce((sum, { maxAddresses }) => sum + maxAddresses, 0))
  const locate = locator(databases.find, metrics.countLookup)
  const problems = problemBoard(log)
  const { promise: ready, resolve: setReady } = Promise.withResolvers<void>()
  let isReady = false

  const refreshing = startPolling({
    everyMs: Math.min(...queries.map(({ pollEveryMs }) => pollEveryMs)),
    tick: refreshDatabases,
    onError: error => problems.report('databases', `databases: ${String(error)}`),
  })
  const loops = queries.map(query =>
    startQueryLoop({
      query,
      read: prometheus.read,
      locate,
      metrics,
      series,
      problems,
      notes: problemBoard(log),
      debug: config.debug ? log : () => {},
      ready,
      isStopped: () => stopping.signal.aborted,
    }),
  )

  const shared = { freshMs: 2_000, maxKept: 32 }
  const connections = answerCache({
    ...shared,
    read: connectionReader({
      ask: prometheus.ask,
      locate: locator(databases.find, () => {}),
      readVerdicts: verdictReader(prometheus.ask),
      maxRows,
    }),
    nothing: { rows: [], truncated: 0, policies: [] },
  })
  const history = answerCache({
    ...shared,
    read: historyReader(prometheus.askRange),
    nothing: { stepSeconds: 0, points: [] },
  })
  const app = geoipApp({
    metrics: () => metrics.registry.metrics(),
    series: series.pieces,
    locate,
    connections,
    history,
    cluster: config.location,
    assets,
    attribution: () => attributionOf(databases.loaded()),
    problems: problems.current,
    notReady: () => {
      if (!isReady) return 'the databases are being read'
      return databases.loaded().length === 0 ? problems.current()[0] : undefined
    },
    stuck: () => {
      const late = queries.flatMap(({ pollEveryMs }, at) => {
        const silentMs = Date.now() - (loops[at]?.lastStartMs() ?? 0)
        return silentMs > 3 * pollEveryMs + timeoutMs + 60_000 ? [silentMs] : []
      })
      return late.length > 0 ? `no poll for ${Math.round(Math.max(...late) / 1_000)} s` : undefined
    },
  })
  return {
    app,
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      setReady()
      await Promise.all([refreshing, ...loops].map(loop => loop[Symbol.asyncDispose]()))
    },
  }

  async function refreshDatabases(): Promise<void> {
    const failures = await databases.refresh()
    const text = failures.map(failure => failure.text).join('; ')
    problems.report('databases', text || undefined)
    metrics.setDatabases(databases.loaded(), failures)
    isReady = true
    setReady()
  }
}
