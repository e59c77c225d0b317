import type { ServerResponse } from 'node:http'
import type { Collection, SimulatedCluster } from './collections.ts'
import type { Change } from './history.ts'
import { jsonOf } from './managed-fields.ts'
import type { Selection } from './selector.ts'
import type { Shape } from './shape.ts'

export type WatchRequest = {
  readonly collection: Collection
  readonly selection: Selection
  readonly shape: Shape
  readonly query: URLSearchParams
}

/** Tells everybody who watches what happens. */
export type Watchers = {
  readonly watch: (request: WatchRequest, response: ServerResponse) => void
  /** Watches that were ended because nobody read them. */
  readonly cutOff: () => number
  /** Somebody watches, and whoever does was told everything. */
  readonly areUpToDate: () => boolean
}

const BOOKMARK_EVERY_MS = 60_000
/** cache_watcher.go, nextBookmarkTime(): the last one comes shortly before the end. */
const LAST_BOOKMARK_MS = 2_000
/** The API server's own default is 30 to 60 minutes. */
const DEFAULT_TIMEOUT_S = 1_800
/** The API server keeps 10 to 1,000 events for who does not read them, and then ends the watch: watch_cache.go. */
const MAX_UNREAD = 1_000

export function createWatchers(cluster: SimulatedCluster): Watchers {
  const open = new Map<Collection, Set<(change: Change) => void>>()
  const untoldOf = new Map<ServerResponse, readonly Change[]>()
  let cutOff = 0
  cluster.onChange((collection, change) => {
    for (const hear of open.get(collection) ?? []) hear(change)
  })

  function watch(request: WatchRequest, response: ServerResponse): void {
    const { collection, shape, query } = request
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    /** Whether there is room for more. */
    const say = (type: string, object: object) => response.write(`${jsonOf({ type, object })}\n`)
    const since = Number(query.get('resourceVersion') ?? 0) || cluster.version()
    const missed = collection.history.after(since)
    if (missed === undefined) {
      say('ERROR', tooOld(since, cluster.version()))
      response.end()
      return
    }
    // What happened before the watch began waits for the client; of what happens since only so much.
    const untold = missed.filter(change => typeOf(request, change) !== undefined)
    untoldOf.set(response, untold)
    const mostUntold = untold.length + MAX_UNREAD
    const tell = () => {
      while (untold.length > 0 && !response.writableNeedDrain) {
        const change = untold.shift()
        const type = change && typeOf(request, change)
        if (type) say(type, shape.whole(objectOf(collection, type, change)))
      }
    }
    const hear = (change: Change) => {
      if (typeOf(request, change) === undefined) return
      if (untold.length >= mostUntold) {
        cutOff += 1
        response.destroy()
      } else if (untold.push(change)) tell()
    }
    response.on('drain', tell)
    tell()

    const hearers = open.get(collection) ?? new Set()
    open.set(collection, hearers.add(hear))
    const timeoutMs = Number(query.get('timeoutSeconds') ?? DEFAULT_TIMEOUT_S) * 1_000
    const bookmark = () => {
      const isWanted = query.get('allowWatchBookmarks') === 'true' && untold.length === 0
      if (isWanted) say('BOOKMARK', shape.bookmark(cluster.version()))
    }
    const timers = [
      setInterval(bookmark, BOOKMARK_EVERY_MS),
      setTimeout(bookmark, Math.max(timeoutMs - LAST_BOOKMARK_MS, 0)),
      setTimeout(() => response.end(), timeoutMs),
    ]
    response.once('close', () => {
      hearers.delete(hear)
      untoldOf.delete(response)
      for (const timer of timers) clearTimeout(timer)
    })
  }
  return {
    watch,
    cutOff: () => cutOff,
    areUpToDate: () =>
      untoldOf.size > 0 && [...untoldOf.values()].every(untold => untold.length === 0),
  }
}

/** As convertToWatchEvent() in cache_watcher.go: what begins to match is added, what ceases to is deleted. */
function typeOf({ collection, selection: { matches } }: WatchRequest, { slot, step }: Change) {
  const isIn = matches(collection.fieldsAt(slot, step))
  const wasIn = step > 0 && matches(collection.fieldsAt(slot, step - 1))
  if (isIn) return wasIn ? 'MODIFIED' : 'ADDED'
  return wasIn ? 'DELETED' : undefined
}

/** A deleted object comes as it was, with the version of its deletion. */
function objectOf({ objectAt }: Collection, type: string, { slot, step, version }: Change) {
  return objectAt(slot, type === 'DELETED' ? step - 1 : step, version)
}

function tooOld(since: number, version: number): object {
  const message = `too old resource version: ${since} (${version})`
  const failure = { status: 'Failure', message, reason: 'Expired', code: 410 }
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, ...failure }
}
