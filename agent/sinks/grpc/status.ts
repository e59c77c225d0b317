import type { IncomingHttpHeaders } from 'node:http2'

// By their numbers.
const STATUSES = [
  'ok',
  'cancelled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
] as const

/** The codes of gRPC, as a label value. */
export type GrpcStatus = (typeof STATUSES)[number]

// As gRPC prescribes for an answer that does not come from a server of gRPC.
const OF_HTTP: Readonly<Record<number, GrpcStatus>> = {
  400: 'internal',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'unimplemented',
  429: 'unavailable',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/** Reads the status of a call out of what ends it, or out of the status of HTTP where that is all there is. */
export function grpcStatus(
  httpStatus: number | undefined,
  trailers: IncomingHttpHeaders,
): { readonly status: GrpcStatus; readonly text: string; readonly details: Buffer } {
  const code = trailers['grpc-status']
  const details = Buffer.from(String(trailers['grpc-status-details-bin'] ?? ''), 'base64')
  if (code === undefined) {
    const status = OF_HTTP[httpStatus ?? 0] ?? 'unknown'
    return { status, text: `HTTP status ${httpStatus} and no status of gRPC`, details }
  }
  const status = STATUSES[Number(code)] ?? 'unknown'
  return { status, text: decoded(String(trailers['grpc-message'] ?? '')), details }
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}
