import { once } from 'node:events'
import {
  connect,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { encodeMessage } from './otlp-decode.ts'
import type { Front, Passing, Refusal, Reply } from './fault-front.ts'

type Answer = {
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer
  /** Empty: the status stands in `headers`. */
  readonly trailers: OutgoingHttpHeaders
}

/** What a server of gRPC says where one of HTTP has these statuses; the others come from what stands before it. */
const CODES: Readonly<Record<number, number>> = { 413: 8, 415: 12, 500: 13, 503: 14 }
const RESOURCE_EXHAUSTED = 8

/** gRPC: HTTP/2, whose answers end with a status of their own. */
export const grpcFront: Front = ({ target, pair, meet }) => {
  const server = pair ? createSecureServer({ ...pair }) : createServer()
  server.on('tlsClientError', () => undefined)
  server.on('sessionError', () => undefined)
  return server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined)
    const passing: Passing = {
      fromPort: stream.session?.socket.remotePort,
      body: () => buffer(stream),
      passOn: async body => replyBy(stream, await passOn(target, headers, body)),
      refuse: refusal => replyBy(stream, refused(refusal)),
      giveUp: () => stream.destroy(),
    }
    void meet(passing)
  })
}

function replyBy(stream: ServerHttp2Stream, { headers, body, trailers }: Answer): Reply {
  const hasTrailers = Object.keys(trailers).length > 0
  const begin = () => {
    stream.once('wantTrailers', () => stream.sendTrailers(trailers))
    stream.respond(headers, { waitForTrailers: hasTrailers })
  }
  return {
    begin,
    end: () => stream.end(body),
    half: () => {
      begin()
      stream.write(body.subarray(0, 3))
    },
  }
}

function refused({ status, retryAfter }: Refusal): Answer {
  const nothing = { body: Buffer.alloc(0), trailers: {} }
  const code = retryAfter ? RESOURCE_EXHAUSTED : CODES[status]
  if (code === undefined) return { headers: { ':status': status }, ...nothing }
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': code }
  if (!retryAfter) return { headers, ...nothing }
  const value = encodeMessage('RetryInfo', { retry_delay: { seconds: 1 } })
  const details = [{ type_url: 'type.googleapis.com/google.rpc.RetryInfo', value }]
  const said = encodeMessage('Status', { code, message: 'not now', details })
  return {
    headers: { ...headers, 'grpc-status-details-bin': said.toString('base64') },
    ...nothing,
  }
}

async function passOn(target: string, headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
  const session = connect(target)
  try {
    const onward = session.request({ ...headers, ':authority': new URL(target).host })
    const ended: { trailers: OutgoingHttpHeaders } = { trailers: {} }
    onward.once('trailers', trailers => (ended.trailers = withoutSymbols(trailers)))
    onward.end(body)
    const [answer] = await once(onward, 'response')
    return { headers: withoutSymbols(answer), body: await buffer(onward), ...ended }
  } finally {
    session.close()
  }
}

/** Node marks with one which values are sensitive. */
function withoutSymbols(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers))
}
