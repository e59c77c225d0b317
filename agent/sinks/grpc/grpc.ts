import { once } from 'node:events'
import type {
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
} from 'node:http2'
import { answerInTime } from '../http/deadline.ts'
import { openSession } from './session.ts'
import { grpcStatus, type GrpcStatus } from './status.ts'
import { faultOf, onOneLine, reasonOf, type Fault } from '../http/faults.ts'
import { FileFault, readAuthorization, readHeaders } from '../http/files.ts'
import type { HttpOptions } from '../http/options.ts'
import { redaction } from '../http/redaction.ts'

/** What came back: a status, or why there was none. */
export type GrpcAnswer = {
  /** Bytes of the message that went out for it; heads and what HTTP/2 adds come on top. */
  readonly sentBytes: number
  /** Whether it went out and nobody answered: the server may have it. */
  readonly isUnanswered: boolean
} & (
  | {
      readonly status: GrpcStatus
      /** What the server says of it, on one line. Holds no secret. */
      readonly text: string
      /** `google.rpc.Status` in protobuf; empty: it said no more. */
      readonly details: Buffer
      /** The message of an answer with status OK. */
      readonly body: Buffer
      readonly redact: (text: string) => string
    }
  | { readonly fault: Fault; readonly text: string }
)

export type Grpc = Disposable & {
  /** For messages. */
  readonly where: string
  /** One unary call; never rejects. */
  readonly call: (
    path: string,
    message: Uint8Array,
    isGzip: boolean,
    signal: AbortSignal,
  ) => Promise<GrpcAnswer>
}

const ANSWER_BYTES = 4 * 1_048_576
const TEXT_LENGTH = 512

/** Unary calls to one server over a kept connection of HTTP/2, with what every sink that speaks HTTP lets people set. */
export function openGrpc(options: HttpOptions, userAgent: string): Grpc {
  const url = new URL(options.endpoint)
  const where = url.origin
  const session = openSession(url, options)

  async function attempt(
    path: string,
    message: Uint8Array,
    isGzip: boolean,
    signal: AbortSignal,
  ): Promise<GrpcAnswer> {
    const ofFiles = readHeaders(options)
    const headers = { ...options.headers, ...ofFiles, ...readAuthorization(options) }
    const redact = redaction(url, options, headers)
    const outgoing = framed(message, isGzip)
    let stream: ClientHttp2Stream | undefined
    try {
      const open = await session.current(signal)
      stream = open.request({
        ...headers,
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        'user-agent': userAgent,
        'grpc-timeout': `${options.timeout}m`,
        ...(isGzip && { 'grpc-encoding': 'gzip' }),
      } satisfies OutgoingHttpHeaders)
      const { text: said, ...answer } = await exchange(stream, outgoing, signal)
      const text = onOneLine(redact(said).slice(0, TEXT_LENGTH))
      return { ...answer, text, redact, sentBytes: outgoing.length, isUnanswered: false }
    } catch (error) {
      if (error instanceof FileFault) throw error
      // A connection that does not answer may be dead without anybody having said so.
      if (signal.reason === 'timeout') session.forget()
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
      // Without a connection, a stream has no number.
      const isUnanswered = stream?.pending === false
      const sentBytes = isUnanswered ? outgoing.length : 0
      const text = onOneLine(redact(reasonOf(cause)))
      return { fault: faultOf(cause), text, sentBytes, isUnanswered }
    } finally {
      stream?.destroy()
    }
  }

  return {
    where,
    call: (path, message, isGzip, signal) =>
      answerInTime({ where, timeoutMs: options.timeout, signal }, cut =>
        attempt(path, message, isGzip, cut),
      ),
    [Symbol.dispose]: () => session[Symbol.dispose](),
  }
}

/** A message as it stands in the stream: whether it is compressed, its length, itself. */
function framed(message: Uint8Array, isGzip: boolean): Buffer {
  const head = Buffer.alloc(5)
  head[0] = Number(isGzip)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

async function exchange(stream: ClientHttp2Stream, body: Buffer, signal: AbortSignal) {
  let trailers: IncomingHttpHeaders = {}
  stream.on('trailers', received => (trailers = received))
  // `once` listens up to the answer only; a later error without a listener ends the process.
  stream.on('error', () => undefined)
  const answered = once(stream, 'response', { signal })
  stream.end(body)
  const [headers = {}]: (IncomingHttpHeaders & IncomingHttpStatusHeader)[] = await Promise.race([
    answered,
    closed(stream),
  ])
  const cut = () => stream.destroy(new Error('cut short'))
  signal.addEventListener('abort', cut)
  try {
    const received = await read(stream)
    // Without a message, the status stands in the only head that comes.
    const last = 'grpc-status' in headers ? headers : trailers
    // Reading ends as if all had come: whether the server took the request, nobody knows.
    if (!('grpc-status' in last) && stream.rstCode !== 0) throw broken('cut off in its answer')
    return { ...grpcStatus(headers[':status'], last), body: messageIn(received) }
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

/** A connection that its other end closes takes its streams with it, and calls that no error. */
async function closed(stream: ClientHttp2Stream): Promise<never> {
  await once(stream, 'close')
  throw broken('closed without an answer')
}

function broken(how: string): Error {
  return Object.assign(new Error(how), { code: 'ECONNRESET' })
}

async function read(stream: ClientHttp2Stream): Promise<Buffer> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    const piece: Buffer = chunk
    kept.push(piece)
    bytes += piece.length
    if (bytes > ANSWER_BYTES) throw new Error(`an answer of more than ${ANSWER_BYTES} bytes`)
  }
  return Buffer.concat(kept)
}

/** We ask for no compression: what comes compressed nevertheless says nothing to us. */
function messageIn(received: Buffer): Buffer {
  if (received.length < 5 || received[0] !== 0) return Buffer.alloc(0)
  return received.subarray(5, 5 + received.readUInt32BE(1))
}
