import { QueryError } from '../prometheus/answer.ts'
import { prometheusClient } from '../prometheus/query.ts'
import type { Upstream } from '../prometheus/upstream.ts'
import { startPolling } from '../program/poll.ts'
import type { Problems } from '../program/problems.ts'
import type { Config } from './config.ts'
import type { peersMetrics } from './metrics.ts'
import type { Strangers } from './strangers.ts'
import { messageOf } from '../program/message-of.ts'

type Options = Pick<Config, 'query' | 'pollEveryMs' | 'timeoutMs'> & {
  readonly upstream: Upstream
  readonly strangers: Strangers
  /** Whether a kind can be told for an address, or for a network of addresses. */
  readonly hasKind: (target: string) => boolean
  readonly metrics: Pick<ReturnType<typeof peersMetrics>, 'countLeftOut' | 'countQueryFailure'>
  readonly problems: Problems
}

const addressLabel = 'destination_ip'

/** Asks Prometheus for addresses that were seen, again and again until disposed. */
export function startStrangerQuery(options: Options): AsyncDisposable {
  const { upstream, query, pollEveryMs, timeoutMs, strangers, hasKind } = options
  const { metrics, problems } = options
  const stopping = new AbortController()
  const { ask } = prometheusClient({ upstream, timeoutMs, stop: stopping.signal })
  const polling = startPolling({
    everyMs: pollEveryMs,
    tick: async () => {
      try {
        const { samples } = await ask(query)
        const targets = new Set(samples.map(({ labels }) => labels[addressLabel] ?? ''))
        targets.delete('')
        if (samples.length > 0 && targets.size === 0) {
          throw new QueryError('no_vector', `the query's result has no label ${addressLabel}`)
        }
        const classified = [...targets].filter(hasKind)
        const noRoom = strangers.see(classified, Date.now())
        metrics.countLeftOut('classified', 'max_classified', noRoom)
        metrics.countLeftOut('classified', 'no_kind', targets.size - classified.length)
        problems.report('Prometheus', undefined)
      } catch (error) {
        if (stopping.signal.aborted) return
        strangers.expire(Date.now())
        metrics.countQueryFailure(error instanceof QueryError ? error.reason : 'no_address')
        problems.report('Prometheus', messageOf(error))
      }
    },
    onError: error => problems.report('poll', `poll: ${String(error)}`),
  })
  return {
    [Symbol.asyncDispose]: () => {
      stopping.abort()
      return polling[Symbol.asyncDispose]()
    },
  }
}
