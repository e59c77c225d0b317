import { SnappyCompressor } from 'snappyjs/snappy_compressor.js'
import type { Samples } from '../model.ts'
import { labelsLength, writeLabels } from './remote-write-labels.ts'
import { lengthAndBytes, varintBytes, writeVarint } from './varint.ts'

// WriteRequest { TimeSeries timeseries = 1 }, TimeSeries { Label labels = 1; Sample samples = 2 },
// Sample { double value = 1; int64 timestamp = 2 }: a tag is the field number << 3 | 1 (64 bits),
// 2 (length-delimited) or 0 (varint).
const TIMESERIES = 0x0a
const SAMPLE = 0x12
const SAMPLE_VALUE = 0x09
const SAMPLE_TIMESTAMP = 0x10

// Prometheus' staleness marker, as two words: arithmetic on this NaN would set its quiet bit, and a
// marker with the quiet bit is an ordinary NaN.
const STALE_HIGH = 0x7ff00000
const STALE_LOW = 0x00000002

// One each for all requests: a megabyte for each would be more garbage than all else of a tick.
let plain = Buffer.alloc(0)
let packed = Buffer.alloc(0)

/** A remote write 1.0 request in snappy block format. */
export function encodeWriteRequest({ timestampMs, series, values }: Samples): Uint8Array {
  const sampleLength = 9 + 1 + varintBytes(timestampMs)
  const lengths = series.map(each => labelsLength(each) + 1 + lengthAndBytes(sampleLength))
  const length = lengths.reduce((sum, each) => sum + 1 + lengthAndBytes(each), 0)
  if (plain.length < length) plain = Buffer.alloc(length)
  const bytes = plain.subarray(0, length)
  let at = 0
  for (const [index, each] of series.entries()) {
    bytes[at++] = TIMESERIES
    at = writeVarint(bytes, at, lengths[index] ?? 0)
    at = writeLabels(bytes, at, each)
    bytes[at++] = SAMPLE
    at = writeVarint(bytes, at, sampleLength)
    bytes[at++] = SAMPLE_VALUE
    if (values) bytes.writeDoubleLE(values[index] ?? 0, at)
    else {
      bytes.writeUInt32LE(STALE_LOW, at)
      bytes.writeUInt32LE(STALE_HIGH, at + 4)
    }
    bytes[at + 8] = SAMPLE_TIMESTAMP
    at = writeVarint(bytes, at + 9, timestampMs)
  }
  return compressed(bytes)
}

function compressed(bytes: Uint8Array): Uint8Array {
  const compressor = new SnappyCompressor(bytes)
  const most = compressor.maxCompressedLength()
  if (packed.length < most) packed = Buffer.alloc(most)
  // A copy, because a request that fails is sent again.
  return Uint8Array.from(packed.subarray(0, compressor.compressToBuffer(packed)))
}
