import {
  Metadata,
  Server,
  ServerCredentials,
  status as codes,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js'
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { arrivedIn, decodeOtlp, encodeMessage, type OtlpRequest } from './otlp-decode.ts'
import type { Arrived } from './write-request-decode.ts'
import { until } from './write-receiver.ts'
import { unaryService } from './unary-service.ts'

export type OtlpArrival = {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  /** As it came: of gRPC, what its own server made of it. */
  readonly body: Buffer
  /** Before compression. */
  readonly plain: Buffer
  readonly request: OtlpRequest
  /** When it had come, ms of `performance.now()`. */
  readonly cameMs: number
  /** Tells connections apart. */
  readonly fromPort: number | undefined
}

/** What the receiver does with a request; 'hang' never answers. A status is one of HTTP, or a code of gRPC. */
export type OtlpAnswering =
  | 'hang'
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      /** A message in protobuf, or a text. */
      readonly body?: Buffer | string
      /** Of gRPC: `google.rpc.Status` in protobuf. */
      readonly details?: Buffer
    }

type Listening = AsyncDisposable & { readonly endpoint: string; readonly hangUp: () => void }

// In the order of their numbers.
const CODES = Object.values(codes).filter(code => typeof code === 'number')
const OK = 0
const UNAVAILABLE = 14

const EMPTY = encodeMessage('ExportMetricsServiceResponse', {})

/** A real server on loopback that takes OTLP and answers as told, with full success by default. */
export async function otlpReceiver(protocol: 'http' | 'grpc', atPort = 0) {
  const requests: OtlpArrival[] = []
  const taken: Arrived[] = []
  const scripted: OtlpAnswering[] = []
  const success = { status: protocol === 'http' ? 200 : OK }
  let standing: OtlpAnswering = success

  function answer(arrival: Omit<OtlpArrival, 'request' | 'cameMs'>): OtlpAnswering {
    const request = decodeOtlp(arrival.plain)
    requests.push({ ...arrival, request, cameMs: performance.now() })
    const answering = scripted.shift() ?? standing
    if (answering !== 'hang' && answering.status === success.status)
      taken.push(...arrivedIn(request))
    return answering
  }

  const listening = await (protocol === 'http' ? listenHttp : listenGrpc)(answer, atPort)
  return {
    ...listening,
    /** Every request that came, taken or not. */
    requests,
    /** Every sample that was taken, in the order of its arrival. */
    taken,
    /** Answers the next requests in turn, then as before. */
    answerNext: (...answers: OtlpAnswering[]) => scripted.push(...answers),
    answerAll: (answering: OtlpAnswering) => (standing = answering),
    startOutage: () => (standing = { status: protocol === 'http' ? 503 : UNAVAILABLE }),
    endOutage: () => (standing = success),
    /** Waits for so many taken samples and returns all that were. */
    received: (count: number) => until(() => taken.length >= count).then(() => taken),
    /** Waits for so many requests, taken or not. */
    asked: (count: number) => until(() => requests.length >= count).then(() => requests),
  }
}

type Answer = (arrival: Omit<OtlpArrival, 'request' | 'cameMs'>) => OtlpAnswering

async function listenHttp(answer: Answer, atPort: number): Promise<Listening> {
  async function reply(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming)
    const { headers, method, url: path, socket } = incoming
    const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const answering = answer({ method, path, headers, body, plain, fromPort: socket.remotePort })
    if (answering === 'hang') return
    const type = { 'content-type': 'application/x-protobuf' }
    outgoing.writeHead(answering.status, { ...type, ...answering.headers })
    outgoing.end(answering.body ?? EMPTY)
  }

  const server = createServer((incoming, outgoing) => void reply(incoming, outgoing))
  await once(server.listen(atPort, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    hangUp: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

const path = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
/** The server of @grpc/grpc-js, which knows nothing of our own side of gRPC. */
async function listenGrpc(answer: Answer, atPort: number): Promise<Listening> {
  const server = new Server({ 'grpc.max_receive_message_length': 64 * 1_048_576 })
  server.addService(unaryService(path), {
    call: (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
      const headers = call.metadata.toHttp2Headers()
      const plain = call.request
      const [, port] = /:(\d+)$/.exec(call.getPeer()) ?? []
      const answering = answer({
        method: 'POST',
        path,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, String(value)]),
        ),
        body: plain,
        plain,
        fromPort: Number(port),
      })
      if (answering === 'hang') return
      const { status, body = EMPTY, details, headers: more = {} } = answering
      const metadata = new Metadata()
      if (details) metadata.set('grpc-status-details-bin', details)
      for (const [name, value] of Object.entries(more)) metadata.set(name, value)
      if (status === OK) reply(null, Buffer.from(body), metadata)
      else reply({ code: CODES[status] ?? codes.UNKNOWN, details: String(body), metadata })
    },
  })
  const port = await new Promise<number>((bound, failed) =>
    server.bindAsync(`127.0.0.1:${atPort}`, ServerCredentials.createInsecure(), (error, at) =>
      error ? failed(error) : bound(at),
    ),
  )
  return {
    endpoint: `http://127.0.0.1:${port}`,
    hangUp: () => server.drain(`127.0.0.1:${port}`, 0),
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  }
}
