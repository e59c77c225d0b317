import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import protobuf from 'protobufjs'
import { uncompress } from 'snappy'
import { z } from 'zod'

/** A sample as a destination decoded it. */
export type Arrived = {
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly value: number
  readonly timestampMs: number
  readonly isStale: boolean
}

export type WriteRequest = {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly samples: readonly Arrived[]
}

/** What the receiver does with a request; 'hang' never answers. */
export type Answering =
  | 'hang'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly text?: string }

// As published in prompb, but for `value`: fixed64 has the same bytes as double and shows them all,
// while a NaN that went through a JavaScript number may have lost the bits that make it a marker.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; }
`)
const Decoded = z.object({
  timeseries: z.array(
    z.object({
      labels: z.array(z.object({ name: z.string(), value: z.string() })),
      samples: z.array(z.object({ value: z.string(), timestamp: z.string() })),
    }),
  ),
})

const STALE_BITS = 0x7ff0000000000002n

/** Reads a request with native snappy and protobufjs: no byte of it passes through our own code. */
export async function decodeWriteRequest(body: Uint8Array): Promise<Arrived[]> {
  const type = root.lookupType('WriteRequest')
  const plain = await uncompress(Buffer.from(body))
  if (typeof plain === 'string') throw new Error('snappy returned text')
  const message = type.decode(plain)
  const { timeseries } = Decoded.parse(type.toObject(message, { longs: String, defaults: true }))
  return timeseries.flatMap(({ labels, samples }) =>
    samples.map(({ value, timestamp }) => ({
      labels: labels.map(label => [label.name, label.value] as const),
      value: new Float64Array(BigUint64Array.of(BigInt(value)).buffer)[0] ?? Number.NaN,
      timestampMs: Number(timestamp),
      isStale: BigInt(value) === STALE_BITS,
    })),
  )
}

/** A real HTTP server on loopback that speaks remote write 1.0 and answers as told, 204 by default. */
export async function writeReceiver(atPort = 0) {
  const requests: WriteRequest[] = []
  const taken: Arrived[] = []
  const scripted: Answering[] = []
  let standing: Answering = { status: 204 }

  async function answer(incoming: IncomingMessage): Promise<Answering> {
    const body = await buffer(incoming)
    const samples = await decodeWriteRequest(body)
    requests.push({ headers: incoming.headers, body, samples })
    const answering = scripted.shift() ?? standing
    if (answering !== 'hang' && answering.status < 300) taken.push(...samples)
    return answering
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

/** Looks again until it holds; the test's own time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(5)
}
