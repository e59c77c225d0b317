import type { IncomingHttpHeaders } from 'node:http'
import type { Samples } from '../../model.ts'
import { encodeRequest2 } from './encode-2.ts'
import { encodeWriteRequest } from './encode-1.ts'

export type Version = '1.0' | '2.0'

/** One request, ready to be sent any number of times. */
export type WriteBody = {
  readonly version: Version
  readonly samples: number
  /** Absent: a receiver would refuse it for its size. */
  readonly bytes: Uint8Array | undefined
}

export const VERSION_HEADERS = {
  '1.0': {
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  },
  '2.0': {
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'x-prometheus-remote-write-version': '2.0.0',
  },
} as const

const ENCODE = { '1.0': encodeWriteRequest, '2.0': encodeRequest2 }

export function encodeBody(version: Version, batch: Samples): WriteBody {
  return { version, samples: batch.series.length, bytes: ENCODE[version](batch) }
}

/** How many samples the receiver says it wrote; undefined if it says nothing at all of what it wrote. */
export function writtenOf(headers: IncomingHttpHeaders): number | undefined {
  const told = ['samples', 'histograms', 'exemplars'].map(
    kind => headers[`x-prometheus-remote-write-${kind}-written`],
  )
  if (told.every(one => one === undefined)) return undefined
  // What is missing, or no number, is 0.
  return /^\d+$/.test(String(told[0])) ? Number(told[0]) : 0
}
