import type { Collection } from './collections.ts'
import { jsonOf } from './managed-fields.ts'
import type { Selection } from './selector.ts'
import type { Shape } from './shape.ts'

export type ListRequest = {
  readonly selection: Selection
  readonly shape: Shape
  /** Newest version of the whole cluster. */
  readonly version: number
  readonly query: URLSearchParams
}

/** What a list needs to go on is no longer remembered. */
export class Gone extends Error {}

/** Texts of this length, in UTF-16 units, leave in one write. */
const WRITE_AT = 128 * 1024

/**
 * The text of a list, in parts. Later pages show the cluster as it was at the first one. Throws `Gone`.
 * A list with `resourceVersion=0` comes whole, whatever its limit: computeListLimit() in the API
 * server's cacher.go.
 */
export function* listText(collection: Collection, request: ListRequest): Generator<string> {
  const { query, selection, shape } = request
  const limit =
    query.get('resourceVersion') === '0' ? Infinity : Number(query.get('limit') ?? 0) || Infinity
  const token = query.get('continue')
  const { rv, start } = token === null ? { rv: request.version, start: 0 } : parseToken(token)
  let changed = changedSince(collection, rv)

  let text = `{${shape.listHead},"items":[`
  let count = 0
  let next: number | undefined
  for (const slot of selection.slots) {
    if (slot < start) continue
    const { step, version } = changed.get(slot) ?? {
      step: collection.history.stepOf(slot),
      version: collection.history.versionOf(slot),
    }
    if (!selection.matches(collection.fieldsAt(slot, step))) continue
    if (count === limit) {
      next = slot
      break
    }
    text += `${count === 0 ? '' : ','}${jsonOf(shape.item(collection.objectAt(slot, step, version)))}`
    count += 1
    if (text.length < WRITE_AT) continue
    yield text
    text = ''
    // Much may have happened until a slow client has read it.
    changed = changedSince(collection, rv)
  }
  const metadata = {
    resourceVersion: String(rv),
    ...(next !== undefined && { continue: tokenOf({ rv, start: next }) }),
  }
  yield `${text}],"metadata":${JSON.stringify(metadata)}}`
}

function changedSince({ history }: Collection, version: number) {
  const changed = history.at(version)
  if (changed === undefined) throw new Gone(`too old resource version: ${version}`)
  return changed
}

type Position = { readonly rv: number; readonly start: number }

function tokenOf(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function parseToken(token: string): Position {
  return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
}
