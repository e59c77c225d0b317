import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord } from '../prometheus/json.ts'
import { ApiError } from './api-error.ts'
import type { ApiServer, Session } from './api-server.ts'
import type { Keeper } from './directory.ts'
import { fieldsAt, textAt } from './fields.ts'
import type { Fields } from './fields.ts'
import { linesOf, wholeAnswer } from './lines.ts'
import { pick } from '../../agent/attribute/pick.ts'
import type { Shape } from '../../agent/attribute/pick.ts'
import { requests } from './resources.ts'
import type { Resource } from './resources.ts'

export type Verb = 'list' | 'watch'

export type ListWatchParts = {
  readonly server: ApiServer
  readonly resource: Resource
  readonly keeper: Keeper
  readonly events: ListWatchEvents
  readonly pace?: Partial<Pace>
}

export type ListWatchEvents = {
  /** A whole list is kept now. */
  readonly onListed: () => void
  /** The API server said something that is true now. */
  readonly onContact: () => void
  readonly onEvent: (type: string) => void
  readonly onFailure: (verb: Verb, error: ApiError) => void
}

export type Pace = {
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  readonly listQuietMs: number
  /** Longer than the minute between two bookmarks. */
  readonly watchQuietMs: number
  /** A watch that lived so long ends the backoff. */
  readonly healthyMs: number
  /** Objects of one page: its JSON is parsed in one go, which nothing else can interrupt. */
  readonly pageSize: number
}

const listMetadata: Shape = { keys: { continue: true, resourceVersion: true } }

const defaultPace: Pace = {
  firstRetryMs: 500,
  longestRetryMs: 30_000,
  listQuietMs: 60_000,
  watchQuietMs: 150_000,
  healthyMs: 30_000,
  pageSize: 250,
}

export type ListWatch = AsyncDisposable & {
  /** Ends when the first list has come or has failed. */
  readonly firstTry: Promise<void>
  /** Lists anew at once, or as soon as it can. */
  readonly relist: () => void
  /** When it last began something or heard of the API server. */
  readonly lastStepMs: () => number
}

/**
 * Keeps the keeper up to date until disposed: a list in pages, then a watch from there on, for ever.
 * Never throws; while the API server is away the keeper stays as it is, and every failure is told.
 */
export function startListWatch(parts: ListWatchParts): ListWatch {
  const stop = new AbortController()
  const { promise: firstTry, resolve: endFirstTry } = Promise.withResolvers<void>()
  const pace = { ...defaultPace, ...parts.pace }
  let wanted = new AbortController()
  let lastStepMs = Date.now()
  const running = keepGoing()
  return {
    firstTry,
    relist: () => wanted.abort(),
    lastStepMs: () => lastStepMs,
    [Symbol.asyncDispose]: () => {
      stop.abort()
      return running
    },
  }

  async function keepGoing(): Promise<void> {
    const { events } = parts
    let version: string | undefined
    let attempts = 0
    while (!stop.signal.aborted) {
      lastStepMs = Date.now()
      let startedMs = lastStepMs
      let verb: Verb = 'list'
      let failure: ApiError | undefined
      try {
        await using session = await parts.server.open()
        if (wanted.signal.aborted) version = undefined
        if (version === undefined) {
          wanted = new AbortController()
          version = await listAll(session, parts, pace, stop.signal)
          events.onListed()
          endFirstTry()
        }
        verb = 'watch'
        startedMs = Date.now()
        const signal = AbortSignal.any([stop.signal, wanted.signal])
        for await (const next of watchFrom(session, version, parts, pace, signal)) {
          version = next
          lastStepMs = Date.now()
        }
      } catch (error) {
        endFirstTry()
        if (stop.signal.aborted) return
        if (verb === 'watch' && wanted.signal.aborted) continue
        failure = error instanceof ApiError ? error : new ApiError('bad_answer', String(error))
        if (verb === 'list' || ['gone', 'bad_answer'].includes(failure.reason)) version = undefined
        events.onFailure(verb, failure)
      }
      // The server ends each watch after some minutes; one that ends it at once is spared as if it failed.
      if (Date.now() - startedMs > pace.healthyMs) attempts = 0
      const backoffMs = Math.min(pace.firstRetryMs * 2 ** attempts, pace.longestRetryMs)
      attempts += 1
      await pause(backoffMs, failure?.retryAfterMs ?? 0, stop.signal)
    }
  }
}

/** Gives the version of the list, from which a watch can go on. */
async function listAll(
  session: Session,
  { resource, keeper, events }: ListWatchParts,
  { pageSize, listQuietMs }: Pace,
  signal: AbortSignal,
): Promise<string> {
  // Without a version, since the answer to version 0 ignores the limit: 100,000 pods are 450 MB in
  // one piece (computeListLimit in kubernetes apiserver/pkg/storage/cacher/cacher.go).
  const parameters = { limit: String(pageSize) }
  const { shape: one } = requests[resource]
  const shape = one === true ? true : { keys: { metadata: listMetadata, items: { entries: one } } }
  keeper.startList()
  let page: Fields
  let next = ''
  do {
    const path = pathOf(resource, next ? { ...parameters, continue: next } : parameters)
    const answer = await wholeAnswer(session.get(path, { quietMs: listQuietMs, signal }))
    page = parseAnswer(answer, shape, `a list of ${resource}`)
    const found: unknown = page['items']
    for (const item of Array.isArray(found) ? found : []) keeper.put(isRecord(item) ? item : {})
    events.onContact()
    next = textAt(fieldsAt(page, 'metadata'), 'continue')
  } while (next !== '')
  const version = textAt(fieldsAt(page, 'metadata'), 'resourceVersion')
  if (version === '') throw new ApiError('bad_answer', `a list of ${resource} without a version`)
  keeper.endList()
  return version
}

/** Hands the events of one watch to the keeper and yields the version after each of them. */
async function* watchFrom(
  session: Session,
  version: string,
  { resource, keeper, events }: ListWatchParts,
  { watchQuietMs }: Pace,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const path = pathOf(resource, {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: String(300 + Math.floor(Math.random() * 300)),
  })
  const shape = eventShape(requests[resource].shape)
  for await (const line of linesOf(session.get(path, { quietMs: watchQuietMs, signal }))) {
    const event = parseAnswer(line, shape, `an event of ${resource}`)
    const type = textAt(event, 'type')
    const object = fieldsAt(event, 'object')
    if (type === 'ERROR') throw watchError(object)
    if (type === 'DELETED') keeper.remove(object)
    else if (type === 'ADDED' || type === 'MODIFIED') keeper.put(object)
    else if (type !== 'BOOKMARK') throw new ApiError('bad_answer', `an event of type "${type}"`)
    events.onEvent(type)
    events.onContact()
    const next = textAt(fieldsAt(object, 'metadata'), 'resourceVersion')
    if (next !== '') yield next
  }
}

/** The object of an error is a Status. */
function eventShape(shape: Shape): Shape {
  if (shape === true || !('keys' in shape)) return true
  return { keys: { type: true, object: { keys: { ...shape.keys, code: true, message: true } } } }
}

function pathOf(resource: Resource, parameters: Readonly<Record<string, string>>): string {
  const { path, parameters: fixed } = requests[resource]
  return `${path}?${new URLSearchParams({ ...fixed, ...parameters })}`
}

function parseAnswer(json: Buffer, shape: Shape, wanted: string): Fields {
  try {
    const fields = pick(json, shape)
    if (isRecord(fields)) return fields
  } catch {
    // Told below.
  }
  throw new ApiError('bad_answer', `this is not ${wanted}: ${json.toString('utf8', 0, 80)}`)
}

function watchError(status: Fields): ApiError {
  const { code } = status
  const number = typeof code === 'number' ? `${code} ` : ''
  const words = `${number}${textAt(status, 'message') || 'the watch failed'}`
  return new ApiError(code === 410 ? 'gone' : 'watch_error', words.slice(0, 300))
}

async function pause(backoffMs: number, leastMs: number, signal: AbortSignal): Promise<void> {
  const ms = Math.max(backoffMs * (0.5 + Math.random()), leastMs * (1 + Math.random() / 4))
  try {
    await sleep(ms, undefined, { signal })
  } catch {
    // Stopped: the caller looks at the signal.
  }
}
