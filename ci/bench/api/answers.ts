import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Collection } from './collections.ts'
import { Gone } from './list.ts'
import { jsonOf } from './managed-fields.ts'
import type { Selection } from './selector.ts'
import type { Shape } from './shape.ts'

/** writers.go in the API server: answers from this size on are compressed for who takes that. */
const GZIP_FROM = 128 * 1024

export function sendOne(
  collection: Collection,
  { slots, matches }: Selection,
  shape: Shape,
  response: ServerResponse,
): void {
  const { stepOf, versionOf } = collection.history
  for (const slot of slots) {
    if (!matches(collection.fieldsAt(slot, stepOf(slot)))) continue
    const object = shape.whole(collection.objectAt(slot, stepOf(slot), versionOf(slot)))
    response.writeHead(200, { 'content-type': 'application/json' }).end(jsonOf(object))
    return
  }
  refuse(response, 404, 'not found')
}

/** Each part of a long list is as long as what is compressed. */
export function sendList(
  parts: Iterator<string> & Iterable<string>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  let first = ''
  try {
    first = parts.next().value ?? ''
  } catch (error) {
    return refuse(response, error instanceof Gone ? 410 : 400, String(error))
  }
  const accepted = request.headers['accept-encoding']?.toString() ?? ''
  const isGzip = first.length >= GZIP_FROM && /\bgzip\b/.test(accepted)
  response.setHeader('content-type', 'application/json')
  if (isGzip) response.setHeader('content-encoding', 'gzip')
  const text = Readable.from(followedBy(first, parts))
  const sent = isGzip
    ? pipeline(text, createGzip({ level: 1 }), response)
    : pipeline(text, response)
  // A client that leaves in the middle is no matter of the server's.
  sent.catch(() => response.destroy())
}

export function refuse(response: ServerResponse, code: number, message: string): void {
  const failure = { status: 'Failure', message, code }
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, ...failure }
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status))
}

function* followedBy(first: string, rest: Iterable<string>): Generator<string> {
  yield first
  yield* rest
}
