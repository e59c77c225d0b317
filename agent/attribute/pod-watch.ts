import type { Telemetry } from '../telemetry.ts'
import { ApiError, type ApiServer } from './api-server.ts'
import type { PodNames } from './pod-names.ts'
import { listPods, podVersions } from './pod-requests.ts'
import { CLOCK, retry, type Clock, type RetryPace } from './retry.ts'

export type PodWatchParts = {
  readonly server: ApiServer
  /** Only pods of this node are asked for: the API server pays per node, not per cluster. */
  readonly nodeName: string
  readonly names: PodNames
  readonly telemetry: Pick<Telemetry, 'podWatchFailures'>
  /** Failures with the same key are one matter: one line a minute. */
  readonly warn: (key: string, line: string) => void
  readonly info: (line: string) => void
  /** As of `PodRequest`. */
  readonly returnMemory?: () => void
  readonly pace?: Partial<Pace>
  readonly clock?: Clock
}

type Pace = RetryPace & {
  readonly listQuietMs: number
  /** Longer than the minute between two bookmarks. */
  readonly watchQuietMs: number
  /** A watch that lived so long ends the backoff. */
  readonly healthyMs: number
}

const PACE: Pace = {
  firstRetryMs: 500,
  longestRetryMs: 30_000,
  listQuietMs: 30_000,
  watchQuietMs: 150_000,
  healthyMs: 30_000,
}

type Watching = Omit<PodWatchParts, 'pace' | 'clock'> & {
  readonly pace: Pace
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Keeps `names` up to date until disposed: one list, then one watch from there on, for ever. Never
 * throws; while the API server is away the names stay as they are, and every failure is counted.
 */
export function watchPods(parts: PodWatchParts): AsyncDisposable {
  const stop = new AbortController()
  const { clock = CLOCK } = parts
  const running = keepWatching({
    ...parts,
    pace: { ...PACE, ...parts.pace },
    clock,
    signal: stop.signal,
  })
  return {
    [Symbol.asyncDispose]: () => {
      stop.abort()
      return running
    },
  }
}

async function keepWatching(watching: Watching): Promise<void> {
  const { pace, clock, signal, info, nodeName } = watching
  const retries = retry(pace)
  let resourceVersion: string | undefined
  let isTold = false
  while (!signal.aborted) {
    let verb: 'list' | 'watch' = 'list'
    let startedMs = 0
    let leastMs = 0
    try {
      if (resourceVersion === undefined) {
        const list = await listPods({ ...watching, ...clock, quietMs: pace.listQuietMs })
        resourceVersion = list.resourceVersion
        if (!isTold) info(`watching the pods of node ${nodeName}: ${list.pods} now`)
        isTold = true
      }
      verb = 'watch'
      startedMs = clock.nowMs()
      const watch = { ...watching, ...clock, quietMs: pace.watchQuietMs }
      for await (const version of podVersions(watch, resourceVersion)) resourceVersion = version
    } catch (cause) {
      if (signal.aborted) return
      const error = cause instanceof ApiError ? cause : new ApiError('bad_answer', String(cause))
      if (LISTED_ANEW.has(error.reason)) resourceVersion = undefined
      leastMs = error.retryAfterMs
      tell(watching, verb, error)
    }
    // The server ends each watch after some minutes; one that ends it at once is spared as if it failed.
    const livedMs = clock.nowMs() - startedMs
    if (verb === 'watch' && livedMs > pace.healthyMs) retries.reset()
    await clock.sleep(retries.nextMs(leastMs), signal)
  }
}

/** After these a watch cannot go on where it was. */
const LISTED_ANEW = new Set(['gone', 'bad_answer', 'watch_error'])

function tell({ telemetry, warn }: Watching, verb: 'list' | 'watch', error: ApiError): void {
  const isForbidden = error.reason === 'status_403'
  const reason = isForbidden ? `forbidden_${verb}_pods` : error.reason
  telemetry.podWatchFailures.inc({ reason })
  const fix = isForbidden
    ? `; grant the verb ${verb} on the resource pods to its service account`
    : (FIXES[reason] ?? '')
  warn(`pods ${reason}`, `cannot ${verb} the pods of this node: ${error.message}${fix}`)
}

const FIXES: Readonly<Record<string, string>> = {
  status_401: '; check kubernetes.tokenFile',
  unreachable: '; bytes are counted on, names follow when it answers',
}
