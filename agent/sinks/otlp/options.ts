import { z } from 'zod'
import { deliveryShape } from '../delivery/options.ts'
import { DESPITE_FAULTS, httpFaults, httpShape } from '../http/options.ts'

const EXAMPLES = { http: 'http://otel-collector:4318', grpc: 'http://otel-collector:4317' } as const

const ENDPOINT = `use a URL like ${EXAMPLES.http}, with port 4317 for grpc`

// Beside those of every sink that speaks HTTP.
const RESERVED_HEADERS = [
  'accept-encoding',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-message',
  'grpc-status',
  'grpc-timeout',
]

export const OtlpOptions = z
  .strictObject({
    type: z.literal('otlp'),
    protocol: z
      .literal(['http', 'grpc'], 'use http or grpc')
      .default('http')
      .describe('How requests travel: http is protobuf over HTTP/1.1'),
    ...httpShape(EXAMPLES.http),
    endpoint: z
      .string(ENDPOINT)
      .regex(
        /^(?:https?:\/\/[^\s/]+(?:\/\S*)?|[^\s/:@]+:\d{1,5}|\[[\da-fA-F:.]+\]:\d{1,5})$/,
        ENDPOINT,
      )
      .transform(endpoint => (endpoint.includes('://') ? endpoint : `http://${endpoint}`))
      .describe(
        'Where requests go; of a URL for http, /v1/metrics may be left out. host:port means http://host:port',
      ),
    compression: z
      .literal(['gzip', 'none'], 'use gzip or none')
      .default('gzip')
      .describe('How requests are compressed'),
    ...deliveryShape(),
  })
  .superRefine(httpFaults(RESERVED_HEADERS), DESPITE_FAULTS)
  .superRefine(({ protocol, endpoint }: { protocol?: unknown; endpoint?: unknown }, faults) => {
    const url = URL.parse(String(endpoint))
    if (protocol !== 'grpc' || url === null || `${url.pathname}${url.search}` === '/') return
    const message = `gRPC has a path of its own: use a URL like ${EXAMPLES.grpc}`
    faults.addIssue({ code: 'custom', path: ['endpoint'], message })
  }, DESPITE_FAULTS)

export type OtlpOptions = z.output<typeof OtlpOptions>
