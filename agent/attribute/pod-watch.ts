import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Telemetry } from '../telemetry.ts'
import { ApiError, getText, linesOf, textOf, type ApiServer } from './api-server.ts'
import type { PodNames } from './pod-names.ts'
import { Pod } from './pod.ts'

export type PodWatchParts = {
  readonly server: ApiServer
  /** Only pods of this node are asked for: the API server pays per node, not per cluster. */
  readonly nodeName: string
  readonly names: PodNames
  readonly telemetry: Telemetry
  /** Failures with the same key are one matter: one line a minute. */
  readonly warn: (key: string, line: string) => void
  readonly info: (line: string) => void
  readonly pace?: Partial<Pace>
}

type Pace = {
  readonly firstRetryMs: number
  readonly longestRetryMs: number
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

const PodList = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.unknown()).nullish(),
})

const WatchEvent = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED']), object: Pod }),
  z.object({ type: z.literal('BOOKMARK'), object: PodList.pick({ metadata: true }) }),
  z.object({
    type: z.literal('ERROR'),
    object: z.object({ code: z.number().optional(), message: z.string().optional() }),
  }),
])

/**
 * Keeps `names` up to date until disposed: one list, then one watch from there on, for ever. Never
 * throws; while the API server is away the names stay as they are, and every failure is counted.
 */
export function watchPods(parts: PodWatchParts): AsyncDisposable {
  const stop = new AbortController()
  const running = keepWatching(parts, { ...PACE, ...parts.pace }, stop.signal)
  return {
    [Symbol.asyncDispose]: () => {
      stop.abort()
      return running
    },
  }
}

async function keepWatching(parts: PodWatchParts, pace: Pace, signal: AbortSignal): Promise<void> {
  let resourceVersion: string | undefined
  let attempts = 0
  while (!signal.aborted) {
    let startedMs = Date.now()
    let error: ApiError | undefined
    try {
      resourceVersion ??= await listPods(parts, pace, signal)
      startedMs = Date.now()
      for await (const version of podVersions(parts, resourceVersion, pace, signal)) {
        resourceVersion = version
      }
    } catch (cause) {
      if (signal.aborted) return
      error = cause instanceof ApiError ? cause : new ApiError('bad_answer', String(cause))
      if (error.reason === 'gone' || error.reason === 'bad_answer') resourceVersion = undefined
      parts.telemetry.podWatchFailures.inc({ reason: error.reason })
      const line = `cannot watch the pods of this node: ${error.message}${fix(error)}`
      parts.warn(`pods ${error.reason}`, line)
    }
    // The server ends each watch after some minutes; one that ends it at once is spared as if it failed.
    if (Date.now() - startedMs > pace.healthyMs) attempts = 0
    const backoffMs = Math.min(pace.firstRetryMs * 2 ** attempts, pace.longestRetryMs)
    attempts += 1
    await pause(backoffMs, error?.retryAfterMs ?? 0, signal)
  }
}

/** Fills the names with one list and returns its version, from which a watch can go on. */
async function listPods(parts: PodWatchParts, pace: Pace, signal: AbortSignal): Promise<string> {
  // Version 0 is answered from the API server's memory, without a quorum read of etcd.
  const path = podsPath(parts.nodeName, { resourceVersion: '0' })
  const text = await textOf(getText(parts.server, path, { quietMs: pace.listQuietMs, signal }))
  const list = parse(PodList, text)
  const pods: Pod[] = []
  for (const item of list.items ?? []) {
    const pod = Pod.safeParse(item)
    // One strange pod must not hide the others.
    if (pod.success) pods.push(pod.data)
    else parts.telemetry.podWatchFailures.inc({ reason: 'bad_pod' })
  }
  parts.names.replaceAll(pods, Date.now())
  parts.info(`watching the pods of node ${parts.nodeName}: ${pods.length} now`)
  return list.metadata.resourceVersion
}

/** Applies the events of one watch to the names and yields the version after each of them. */
async function* podVersions(
  { server, nodeName, names }: PodWatchParts,
  resourceVersion: string,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const path = podsPath(nodeName, {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion,
    // Spread, so that the agents of a cluster do not come back at the same moment.
    timeoutSeconds: String(300 + Math.floor(Math.random() * 300)),
  })
  const options = { quietMs: pace.watchQuietMs, signal }
  for await (const line of linesOf(getText(server, path, options))) {
    const event = parse(WatchEvent, line)
    if (event.type === 'ERROR') throw watchError(event.object)
    if (event.type === 'DELETED') names.remove(event.object, Date.now())
    else if (event.type !== 'BOOKMARK') names.put(event.object)
    yield event.object.metadata.resourceVersion
  }
}

function podsPath(nodeName: string, parameters: Record<string, string>): string {
  const query = new URLSearchParams({ fieldSelector: `spec.nodeName=${nodeName}`, ...parameters })
  return `/api/v1/pods?${query}`
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    throw new ApiError('bad_answer', `this is no answer about pods: ${text.slice(0, 80)}`)
  }
}

function watchError({
  code,
  message = 'the watch failed',
}: {
  code?: number | undefined
  message?: string | undefined
}) {
  return new ApiError(code === 410 ? 'gone' : 'watch_error', `${code ?? ''} ${message}`.trim())
}

function fix({ reason }: ApiError): string {
  if (reason === 'status_403') return '; allow its service account to list and watch pods'
  if (reason === 'status_401') return '; check kubernetes.tokenFile'
  if (reason === 'unreachable') return '; bytes are counted on, names follow when it answers'
  return ''
}

/** Agents that failed together must not come back together: each waits a time of its own. */
async function pause(backoffMs: number, leastMs: number, signal: AbortSignal): Promise<void> {
  const ms = Math.max(backoffMs * (0.5 + Math.random()), leastMs * (1 + Math.random() / 4))
  try {
    await sleep(ms, undefined, { signal })
  } catch {
    // Stopped: the caller looks at the signal.
  }
}
