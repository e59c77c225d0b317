import { QueryError } from '../prometheus/answer.ts'
import type { Prometheus } from '../prometheus/query.ts'
import { startPolling } from '../program/poll.ts'
import type { Problems } from '../program/problems.ts'
import type { Query } from './config.ts'
import { entryCollector } from './entries.ts'
import { passedOver } from './locate.ts'
import type { Locate } from './locate.ts'
import type { geoMetrics } from './metrics.ts'
import type { PlaceSeries } from './series.ts'
import { messageOf } from '../program/message-of.ts'

type Options = {
  readonly query: Query
  readonly read: Prometheus['read']
  readonly locate: Locate
  readonly metrics: ReturnType<typeof geoMetrics>
  readonly series: PlaceSeries
  readonly problems: Problems
  /** Hears of what Prometheus notes, which is no problem. */
  readonly notes: Problems
  readonly debug: (line: string) => void
  /** Resolves once the databases have been tried. */
  readonly ready: Promise<void>
  readonly isStopped: () => boolean
}

/** Asks one query again and again until disposed, and feeds the series by its answers. */
export function startQueryLoop(options: Options): ReturnType<typeof startPolling> {
  const { query, read, locate, metrics, series, problems, notes, ready } = options
  // Texts of the query without a name stand as they did when there was only one.
  const prefix = query.name ? `query ${query.name}: ` : ''
  const subject = query.name ? `Prometheus, query ${query.name}` : 'Prometheus'

  const collector = entryCollector({
    maxEntries: query.maxAddresses,
    passedOver,
    locate,
    count: metrics.countLookup,
  })

  return startPolling({
    everyMs: query.pollEveryMs,
    tick: async () => {
      await ready
      const startedMs = Date.now()
      try {
        const samples = await refresh()
        const seconds = (Date.now() - startedMs) / 1_000
        metrics.observeQuery(query, seconds, samples)
        options.debug(`${samples} samples in ${seconds} s for ${query.query}`)
        problems.report(subject, undefined)
      } catch (error) {
        if (options.isStopped()) return
        metrics.countFailure(query, error instanceof QueryError ? error.reason : 'no_address')
        series.expire(query, Date.now())
        problems.report(subject, `${prefix}${messageOf(error)}`)
      }
    },
    onError: error => problems.report('poll', `poll: ${String(error)}`),
  })

  async function refresh(): Promise<number> {
    const { addressLabel, labels } = query
    collector.begin()
    const sink = { labels: [addressLabel, ...labels], onSample: collector.add }
    const { samples, firstNames, warnings, infos } = await read(query.query, sink)
    remark('warning', 'warns', problems, warnings)
    remark('info', 'notes', notes, infos)
    if (samples > 0 && !collector.hasAddress()) {
      throw new Error(
        `the query's result has no label ${addressLabel} (it has: ${firstNames.join(', ') || 'none'}); name the address label by -i`,
      )
    }
    const entries = collector.finish()
    const forgotten = series.replace(query, entries, Date.now())
    metrics.countDropped(query, entries.dropped + forgotten)
    return samples
  }

  function remark(
    kind: 'warning' | 'info',
    verb: string,
    board: Problems,
    texts: readonly string[],
  ): void {
    metrics.countRemarks(query, kind, texts.length)
    const text = `${prefix}Prometheus ${verb}: ${texts.join('; ')}`
    board.report(`${subject} without ${kind}s`, texts.length > 0 ? text : undefined)
  }
}
