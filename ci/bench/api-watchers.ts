import type { ServerResponse } from 'node:http'
import type { Collection, SimulatedCluster } from './api-collections.ts'
import type { Change } from './api-history.ts'
import { jsonOf } from './api-managed-fields.ts'
import type { Selection } from './api-selector.ts'
import type { Shape } from './api-shape.ts'

export type WatchRequest = {
  readonly collection: Collection
  readonly selection: Selection
  readonly shape: Shape
  readonly query: URLSearchParams
}

/** Tells everybody who watches what happens. */
export type Watchers = {
  readonly watch: (request: WatchRequest, response: ServerResponse) => void
  /** Watches ended because nobody read them. */
  readonly cutOff: () => number
}

const BOOKMARK_EVERY_MS = 60_000
/** cache_watcher.go, nextBookmarkTime(): the last one comes shortly before the end. */
const LAST_BOOKMARK_MS = 2_000
/** The API server's own default is 30 to 60 minutes. */
const DEFAULT_TIMEOUT_S = 1_800
/** Who has so many bytes unread is cut off, as the API server does it by the number of events. */
const MAX_UNREAD = 64 * 1024 * 1024

export function createWatchers(cluster: SimulatedCluster): Watchers {
  const open = new Map<Collection, Set<(change: Change) => void>>()
  let cutOff = 0
  cluster.onChange((collection, change) => {
    for (const tell of open.get(collection) ?? []) tell(change)
  })

  function watch(
    { collection, selection, shape, query }: WatchRequest,
    response: ServerResponse,
  ): void {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const say = (type: string, object: object) => {
      response.write(`${jsonOf({ type, object })}\n`)
      if (response.writableLength <= MAX_UNREAD) return
      cutOff += 1
      response.destroy()
    }
    const since = Number(query.get('resourceVersion') ?? 0) || cluster.version()
    const missed = collection.history.after(since)
    if (missed === undefined) {
      const message = `too old resource version: ${since} (${cluster.version()})`
      say('ERROR', {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message,
        reason: 'Expired',
        code: 410,
      })
      response.end()
      return
    }
    const tell = (change: Change) => {
      const event = eventOf(collection, selection, change)
      if (event) say(event.type, shape.whole(event.object))
    }
    missed.forEach(tell)

    const tellers = open.get(collection) ?? new Set()
    open.set(collection, tellers.add(tell))
    const timeoutMs = Number(query.get('timeoutSeconds') ?? DEFAULT_TIMEOUT_S) * 1_000
    const bookmark = () => {
      if (query.get('allowWatchBookmarks') === 'true')
        say('BOOKMARK', shape.bookmark(cluster.version()))
    }
    const timers = [
      setInterval(bookmark, BOOKMARK_EVERY_MS),
      setTimeout(bookmark, Math.max(timeoutMs - LAST_BOOKMARK_MS, 0)),
      setTimeout(() => response.end(), timeoutMs),
    ]
    response.once('close', () => {
      tellers.delete(tell)
      for (const timer of timers) clearTimeout(timer)
    })
  }
  return { watch, cutOff: () => cutOff }
}

/** As convertToWatchEvent() in cache_watcher.go: what begins to match is added, what ceases to is deleted. */
function eventOf(collection: Collection, { matches }: Selection, { slot, step, version }: Change) {
  const isIn = matches(collection.fieldsAt(slot, step))
  const wasIn = step > 0 && matches(collection.fieldsAt(slot, step - 1))
  if (!isIn && !wasIn) return undefined
  // A deleted object comes as it was, with the version of its deletion.
  const object = collection.objectAt(slot, isIn ? step : step - 1, version)
  return { type: isIn ? (wasIn ? 'MODIFIED' : 'ADDED') : 'DELETED', object }
}
