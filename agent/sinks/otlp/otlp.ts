import { gzipSync } from 'node:zlib'
import { quietLog } from '../../quiet-log.ts'
import { startDelivery } from '../delivery/delivery.ts'
import type { Outcome } from '../outcome.ts'
import type { Grpc } from '../grpc/grpc.ts'
import { openHttp } from '../http/http.ts'
import { otlpEncoder } from './encode.ts'
import type { OtlpOptions } from './options.ts'
import { judgeGrpc, judgeHttp, type Judged } from './outcome.ts'
import type { Sink } from '../sink.ts'

const MAX_SAMPLES_PER_SEND = 2_000
// What OTLP recommends receivers to take at most, before compression.
export const MAX_BYTES = { http: 20 * 1_048_576, grpc: 4 * 1_048_576 }
const EXPORT = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
// Level 6 saves a fifth of the bytes, and takes a third more CPU for a tick.
export const GZIP_LEVEL = 1

const TOO_LARGE: Outcome = {
  kind: 'refused',
  reason: 'too_large',
  detail: 'the labels of one sample are larger than what receivers of OTLP take',
}

/** One request, ready to be sent any number of times. */
type Body = {
  readonly samples: number
  /** Absent: a receiver would refuse it for its size. */
  readonly bytes: Uint8Array | undefined
}

type Transport = Disposable & {
  readonly send: (bytes: Uint8Array, samples: number, signal: AbortSignal) => Promise<Judged>
}

/** OTLP, by HTTP or gRPC, for the OpenTelemetry Collector and everything that takes what it takes. */
export const otlp: Sink<OtlpOptions> = parts => {
  const { name, options, version, telemetry, log, spool } = parts
  const isGzip = options.compression === 'gzip'
  const userAgent = `podatlas/${version}`
  const transport =
    options.protocol === 'grpc'
      ? grpcTransport(options, userAgent)
      : httpTransport(options, userAgent)
  const encode = otlpEncoder({
    version,
    isKubernetes: parts.isKubernetes ?? false,
    maxBytes: MAX_BYTES[options.protocol],
  })
  const warn = quietLog(line => log(`sink ${name}: ${line}`))
  return startDelivery<Body>({
    name,
    telemetry,
    log,
    queueLimit: options.queueLimit,
    maxParallel: options.maxParallel,
    spool,
    maxSamplesPerSend: MAX_SAMPLES_PER_SEND,
    encode: batch => {
      const plain = encode(batch)
      const packed = plain && isGzip ? gzipSync(plain, { level: GZIP_LEVEL }) : plain?.slice()
      return { samples: batch.series.length, bytes: packed }
    },
    send: async ({ samples, bytes }, signal) => {
      if (!bytes) return samples > 1 ? { kind: 'halve' } : TOO_LARGE
      const { outcome, warning } = await transport.send(bytes, samples, signal)
      if (warning !== undefined) warn('warning', warning)
      return outcome
    },
    close: () => transport[Symbol.dispose](),
  })
}

function httpTransport(options: OtlpOptions, userAgent: string): Transport {
  const http = openHttp({ ...options, endpoint: metricsUrl(options.endpoint) })
  const headers = {
    'content-type': 'application/x-protobuf',
    'user-agent': userAgent,
    ...(options.compression === 'gzip' && { 'content-encoding': 'gzip' }),
  }
  return {
    send: async (bytes, samples, signal) =>
      judgeHttp(await http.post(headers, bytes, signal), http.where, samples),
    [Symbol.dispose]: () => http[Symbol.dispose](),
  }
}

function grpcTransport(options: OtlpOptions, userAgent: string): Transport {
  const isGzip = options.compression === 'gzip'
  let opened: Grpc | undefined
  return {
    send: async (bytes, samples, signal) => {
      // HTTP/2 takes 10 MB: only who speaks it pays for it.
      const { openGrpc } = await import('../grpc/grpc.ts')
      opened ??= openGrpc(options, userAgent)
      const answer = await opened.call(EXPORT, bytes, isGzip, signal)
      return judgeGrpc(answer, opened.where, samples)
    },
    [Symbol.dispose]: () => opened?.[Symbol.dispose](),
  }
}

/** The endpoint may be that of metrics, or the base of those of all signals. */
function metricsUrl(endpoint: string): string {
  const url = new URL(endpoint)
  if (!/\/v1\/metrics\/?$/.test(url.pathname))
    url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/metrics`
  return url.href
}
