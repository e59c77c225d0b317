import { numberIn, partsIn, textIn } from '../protobuf/read.ts'

const TEXT_LENGTH = 512

/** What a receiver says of a request that it took. */
export type PartialSuccess = {
  /** Points it did not take; 0 with a message is a warning. */
  readonly rejected: number
  readonly message: string
}

// ExportMetricsServiceResponse { ExportMetricsPartialSuccess partial_success = 1 },
// ExportMetricsPartialSuccess { int64 rejected_data_points = 1; string error_message = 2 }
/** Reads `ExportMetricsServiceResponse`; undefined: everything was taken, and nothing said. */
export function partialSuccessIn(body: Uint8Array): PartialSuccess | undefined {
  const [said] = partsIn(body, 1)
  if (!said) return undefined
  const rejected = numberIn(said, 1)
  const message = oneLine(textIn(said, 2))
  return rejected === 0 && message === '' ? undefined : { rejected, message }
}

/** What a receiver says of a request that it refused. */
export type Refusal = { readonly message: string; readonly retryDelayMs?: number }

// google.rpc.Status { string message = 2; Any details = 3 }, Any { string type_url = 1; bytes value = 2 },
// RetryInfo { Duration retry_delay = 1 }, Duration { int64 seconds = 1; int32 nanos = 2 }
/** Reads `google.rpc.Status`. */
export function refusalIn(body: Uint8Array): Refusal {
  const retryInfo = partsIn(body, 3).find(detail =>
    textIn(detail, 1).endsWith('/google.rpc.RetryInfo'),
  )
  const message = oneLine(textIn(body, 2))
  if (!retryInfo) return { message }
  const [delay = new Uint8Array()] = partsIn(retryInfo, 2).flatMap(value => partsIn(value, 1))
  return { message, retryDelayMs: numberIn(delay, 1) * 1_000 + numberIn(delay, 2) / 1e6 }
}

function oneLine(text: string): string {
  return text
    .slice(0, TEXT_LENGTH)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}
