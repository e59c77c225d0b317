import type { Matrix, Range } from '../../prometheus/query.ts'
import { matcher, matchersOf, measure, selector } from './promql.ts'
import type { ViewRequest } from './view-request.ts'

export type HistoryPoint = {
  /** Since 1970. */
  readonly seconds: number
  /** Bytes per second, of all connections that fit the filters; null where nothing was counted. */
  readonly sentPerSecond: number | null
  readonly receivedPerSecond: number | null
}

export type History = { readonly stepSeconds: number; readonly points: readonly HistoryPoint[] }

const MOST_POINTS = 60

// A rate needs two samples, of which agents send one every ten seconds, or two minutes at most.
const LEAST_STEP_SECONDS = 10
const LEAST_RATE_SECONDS = 60

/** Reads what a sparkline shows, in one query. Throws QueryError. */
export function historyReader(
  askRange: (query: string, range: Range) => Promise<Matrix>,
  now: () => number = Date.now,
): (request: ViewRequest) => Promise<History> {
  return async request => {
    const { windowSeconds } = request
    const stepSeconds = Math.max(LEAST_STEP_SECONDS, Math.ceil(windowSeconds / MOST_POINTS))
    // Whole steps, so that a sparkline does not tremble each time it is asked for.
    const last = Math.floor((request.endSeconds ?? now() / 1_000) / stepSeconds)
    const first = last - Math.floor(windowSeconds / stepSeconds)
    const { series } = await askRange(historyQuery(request, stepSeconds), {
      startSeconds: first * stepSeconds,
      endSeconds: last * stepSeconds,
      stepSeconds,
    })
    const valuesOf = (name: string) =>
      new Map(series.find(({ labels }) => labels['measure'] === name)?.points)
    const [sent, received] = [valuesOf('sentPerSecond'), valuesOf('receivedPerSecond')]
    const points = Array.from({ length: last - first + 1 }, (_, step) => {
      const seconds = (first + step) * stepSeconds
      return {
        seconds,
        sentPerSecond: sent.get(seconds) ?? null,
        receivedPerSecond: received.get(seconds) ?? null,
      }
    })
    return { stepSeconds, points }
  }
}

function historyQuery({ filters }: ViewRequest, stepSeconds: number): string {
  const rateSeconds = Math.max(LEAST_RATE_SECONDS, stepSeconds)
  const rateOf = (metric: string) =>
    `sum(${inCountries(`rate(${selector(metric, matchersOf(filters))}[${rateSeconds}s])`, filters.countries)})`
  const sent = measure('sentPerSecond', rateOf('podatlas_transmit_bytes_total'))
  const received = measure('receivedPerSecond', rateOf('podatlas_receive_bytes_total'))
  return `${sent} or ${received}`
}

/** The country of an address is what geoip exported at the time. */
function inCountries(rates: string, countries: readonly string[]): string {
  if (countries.length === 0) return rates
  const info = 'podatlas_geo_info'
  const named = matcher(
    'country',
    countries.filter(country => country !== 'none'),
  )
  const parts = [
    ...(named.length > 0 ? [`(${rates} and on (destination_ip) ${selector(info, named)})`] : []),
    ...(countries.includes('none') ? [`(${rates} unless on (destination_ip) ${info})`] : []),
  ]
  return parts.join(' or ')
}
