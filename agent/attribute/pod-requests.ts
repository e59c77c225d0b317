import { StringDecoder } from 'node:string_decoder'
import type { Telemetry } from '../telemetry.ts'
import { badAnswer, parseAnswer, pickAnswer } from './api-answer.ts'
import { ApiError, getBody, linesOf, MAX_OBJECT, type ApiServer } from './api-server.ts'
import { objectOf, textOf } from './json.ts'
import { listReader, type ListPiece } from './list-reader.ts'
import type { Shape } from './pick.ts'
import type { PodNames } from './pod-names.ts'
import { podShape, readPod, resourceVersionOf, type Pod } from './pod.ts'
import { messageOf } from '../message-of.ts'

const SUBJECT = 'pods'

/** Of an event of the watch; the object of an error is a Status. */
const eventShape: Shape = {
  keys: { type: true, object: { keys: { ...podShape.keys, code: true, message: true } } },
}

export type PodRequest = {
  readonly server: ApiServer
  readonly nodeName: string
  readonly names: PodNames
  readonly telemetry: Pick<Telemetry, 'podWatchFailures'>
  readonly nowMs: () => number
  /** After so long without a byte the connection counts as dead, ms. */
  readonly quietMs: number
  readonly signal: AbortSignal
  /** Called now and again in a storm of events: what they left is garbage by then. */
  readonly returnMemory?: (() => void) | undefined
}

/** Some thousand events, which leave about as much garbage as they have bytes. */
const BYTES_PER_RETURN = 16_000_000

/** Fills the names with one list and gives its version, from which a watch can go on. Throws `ApiError`. */
export async function listPods(
  request: PodRequest,
): Promise<{ readonly resourceVersion: string; readonly pods: number }> {
  const { server, nodeName, names, telemetry, nowMs } = request
  // Version 0 is answered from the API server's memory, without a quorum read of etcd.
  const path = podsPath(nodeName, { resourceVersion: '0' })
  const reader = listReader(MAX_OBJECT)
  // A part may end inside a character.
  const decoder = new StringDecoder('utf8')
  const pods: Pod[] = []
  let resourceVersion: string | undefined
  for await (const part of getBody(server, path, request)) {
    for (const piece of take(reader, decoder.write(part))) {
      const value = parseAnswer(piece.text, SUBJECT)
      if (piece.kind === 'metadata') {
        resourceVersion = resourceVersionOf({ metadata: value })
        continue
      }
      const pod = readPod(value)
      // One strange pod must not hide the others.
      if (pod) pods.push(pod)
      else telemetry.podWatchFailures.inc({ reason: 'bad_pod' })
    }
  }
  if (!reader.isWhole()) throw new ApiError('bad_answer', 'the list of pods was cut off')
  if (resourceVersion === undefined) throw badAnswer('a list without a version', SUBJECT)
  names.replaceAll(pods, nowMs())
  return { resourceVersion, pods: pods.length }
}

function take(reader: ReturnType<typeof listReader>, text: string): ListPiece[] {
  try {
    return reader.take(text)
  } catch (error) {
    throw badAnswer(messageOf(error), SUBJECT)
  }
}

/**
 * Applies the events of one watch to the names and yields the version after each of them. Ends with the
 * watch; throws `ApiError`.
 */
export async function* podVersions(
  request: PodRequest,
  resourceVersion: string,
): AsyncGenerator<string> {
  const { server, nodeName, names, telemetry, nowMs } = request
  const path = podsPath(nodeName, {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion,
    // Spread, so that the agents of a cluster do not come back at the same moment.
    timeoutSeconds: String(300 + Math.floor(Math.random() * 300)),
  })
  let bytes = 0
  for await (const line of linesOf(getBody(server, path, request))) {
    bytes += line.length
    if (bytes >= BYTES_PER_RETURN) {
      request.returnMemory?.()
      bytes = 0
    }
    const event = objectOf(pickAnswer(line, eventShape, SUBJECT))
    const type = event?.type
    if (type === 'ERROR') throw watchError(event?.object)
    const version = resourceVersionOf(event?.object)
    if (version === undefined || typeof type !== 'string') throw badAnswer(line.toString(), SUBJECT)
    // A bookmark holds a version only, and what a later API server may add means nothing to us.
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
      const pod = readPod(event?.object)
      if (pod === undefined) telemetry.podWatchFailures.inc({ reason: 'bad_pod' })
      else if (type === 'DELETED') names.remove(pod, nowMs())
      else names.put(pod)
    }
    yield version
  }
}

function podsPath(nodeName: string, parameters: Record<string, string>): string {
  const query = new URLSearchParams({ fieldSelector: `spec.nodeName=${nodeName}`, ...parameters })
  return `/api/v1/pods?${query}`
}

function watchError(status: unknown): ApiError {
  const { code, message } = objectOf(status) ?? {}
  const number = typeof code === 'number' ? code : ''
  const words = `${number} ${textOf(message) ?? 'the watch failed'}`.trim().slice(0, 300)
  return new ApiError(code === 410 ? 'gone' : 'watch_error', words)
}
