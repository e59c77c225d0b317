import type { Samples } from '../../model.ts'
import { labelsLength, writeLabels } from './labels.ts'
import { compressed, MAX_PLAIN_BYTES, plainBytes } from './snappy.ts'
import { STALE_HIGH, STALE_LOW } from './stale-marker.ts'
import { lengthAndBytes, varintBytes, writeVarint } from '../protobuf/varint.ts'

// WriteRequest { TimeSeries timeseries = 1 }, TimeSeries { Label labels = 1; Sample samples = 2 },
// Sample { double value = 1; int64 timestamp = 2 }: a tag is the field number << 3 | 1 (64 bits),
// 2 (length-delimited) or 0 (varint).
const TIMESERIES = 0x0a
const SAMPLE = 0x12
const SAMPLE_VALUE = 0x09
const SAMPLE_TIMESTAMP = 0x10

/** A remote write 1.0 request in snappy block format; undefined: a receiver would refuse it for its size. */
export function encodeWriteRequest({
  timestampMs,
  series,
  values,
}: Samples): Uint8Array | undefined {
  const sampleLength = 9 + 1 + varintBytes(timestampMs)
  const lengths = series.map(each => labelsLength(each) + 1 + lengthAndBytes(sampleLength))
  const length = lengths.reduce((sum, each) => sum + 1 + lengthAndBytes(each), 0)
  if (length > MAX_PLAIN_BYTES) return undefined
  const bytes = plainBytes(length)
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
