import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { decodeRequest2, decodeWriteRequest, type Arrived } from './write-request-decode.ts'

export type WriteRequest = {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly samples: readonly Arrived[]
  /** When it had come, ms of `performance.now()`. */
  readonly cameMs: number
}

/** A receiver that knows 1.0 only: it refuses other content types, or does not look at them. */
export type Old = 'refusing' | 'misreading'

/** What the receiver does with a request; 'hang' never answers. */
export type Answering =
  | 'hang'
  | {
      readonly status: number
      readonly headers?: Record<string, string>
      readonly text?: string
      /** What the answer to a request of 2.0 says it wrote, if not everything; 'untold': nothing. */
      readonly written?: number | 'untold'
    }

/** A real HTTP server on loopback that speaks remote write, both versions or `old`, and answers as told, 204 by default. */
export async function writeReceiver(atPort = 0, old?: Old) {
  const requests: WriteRequest[] = []
  const taken: Arrived[] = []
  const scripted: Answering[] = []
  let standing: Answering = { status: 204 }

  async function answer(incoming: IncomingMessage): Promise<Answering> {
    const body = await buffer(incoming)
    const { headers, method, url: path } = incoming
    const is2 = isRequest2(headers)
    const samples = is2 && !old ? await decodeRequest2(body) : await decodeWriteRequest(body)
    requests.push({ method, path, headers, body, samples, cameMs: performance.now() })
    if (is2 && old === 'refusing') return { status: 415, text: 'unknown content type' }
    const answering = scripted.shift() ?? standing
    if (answering === 'hang') return answering
    if (answering.status < 300) taken.push(...samples)
    const { written = answering.status < 300 ? samples.length : 0 } = answering
    if (!is2 || old || written === 'untold') return answering
    const told = { 'x-prometheus-remote-write-samples-written': String(written) }
    return { ...answering, headers: { ...told, ...answering.headers } }
  }

  async function reply(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const answering = await answer(incoming)
    if (answering === 'hang') return
    outgoing.writeHead(answering.status, answering.headers).end(answering.text)
  }

  const server = createServer((incoming, outgoing) => void reply(incoming, outgoing))
  await once(server.listen(atPort, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')

  return {
    endpoint: `http://127.0.0.1:${address.port}/api/v1/write`,
    /** Every request that came, taken or not. */
    requests,
    /** Every sample that was taken, in the order of its arrival. */
    taken,
    /** Answers the next requests in turn, then as before. */
    answerNext: (...answers: Answering[]) => scripted.push(...answers),
    /** Breaks every connection, and with it the requests that hang. */
    hangUp: () => server.closeAllConnections(),
    answerAll: (answering: Answering) => (standing = answering),
    /** Waits for so many taken samples and returns all that were. */
    received: (count: number) => until(() => taken.length >= count).then(() => taken),
    /** Waits for so many requests, taken or not. */
    asked: (count: number) => until(() => requests.length >= count).then(() => requests),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

function isRequest2(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.includes('io.prometheus.write.v2.Request') ?? false
}

/** Looks again until it holds; the test's own time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(5)
}
