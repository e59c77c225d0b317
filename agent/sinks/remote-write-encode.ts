import { compress } from 'snappyjs'
import type { Sample, Series } from '../model.ts'

// WriteRequest { TimeSeries timeseries = 1 }, TimeSeries { Label labels = 1; Sample samples = 2 },
// Label { string name = 1; string value = 2 }, Sample { double value = 1; int64 timestamp = 2 }:
// a tag is the field number << 3 | 1 (64 bits), 2 (length-delimited) or 0 (varint).
const TIMESERIES = 0x0a
const LABEL = 0x0a
const LABEL_NAME = 0x0a
const LABEL_VALUE = 0x12
const SAMPLE = 0x12
const SAMPLE_VALUE = 0x09
const SAMPLE_TIMESTAMP = 0x10

// Prometheus' staleness marker, as two words: arithmetic on this NaN would set its quiet bit, and a
// marker with the quiet bit is an ordinary NaN.
const STALE_HIGH = 0x7ff00000
const STALE_LOW = 0x00000002

// Nine tenths of a request are labels, and they never change.
const encodedLabels = new WeakMap<Series, Uint8Array>()

/** A remote write 1.0 request in snappy block format. Each series must occur at most once. */
export function encodeWriteRequest(samples: readonly Sample[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(samples.reduce((sum, sample) => sum + entryBytes(sample), 0))
  let at = 0
  for (const sample of samples) at = writeEntry(bytes, at, sample)
  return compress(bytes)
}

function entryBytes(sample: Sample): number {
  return 1 + lengthAndBytes(seriesBytes(sample))
}

function seriesBytes(sample: Sample): number {
  return labelsOf(sample.series).length + 2 + sampleBytes(sample)
}

function sampleBytes({ timestampMs }: Sample): number {
  return 9 + 1 + varintBytes(timestampMs)
}

function writeEntry(bytes: Buffer, start: number, sample: Sample): number {
  const labels = labelsOf(sample.series)
  let at = start
  bytes[at++] = TIMESERIES
  at = writeVarint(bytes, at, seriesBytes(sample))
  bytes.set(labels, at)
  at += labels.length
  bytes[at++] = SAMPLE
  at = writeVarint(bytes, at, sampleBytes(sample))
  bytes[at++] = SAMPLE_VALUE
  if (sample.isStale) {
    bytes.writeUInt32LE(STALE_LOW, at)
    bytes.writeUInt32LE(STALE_HIGH, at + 4)
  } else bytes.writeDoubleLE(sample.value, at)
  bytes[at + 8] = SAMPLE_TIMESTAMP
  return writeVarint(bytes, at + 9, sample.timestampMs)
}

function labelsOf(series: Series): Uint8Array {
  const known = encodedLabels.get(series)
  if (known) return known
  // In one piece: small buffers share a pool, and parts thrown away would stay as long as the whole does.
  const encoded = Buffer.allocUnsafe(
    series.labels.reduce((sum, label) => sum + 1 + lengthAndBytes(labelBytes(label)), 0),
  )
  let at = 0
  for (const label of series.labels) {
    encoded[at++] = LABEL
    at = writeVarint(encoded, at, labelBytes(label))
    at = writeText(encoded, at, LABEL_NAME, label[0])
    at = writeText(encoded, at, LABEL_VALUE, label[1])
  }
  encodedLabels.set(series, encoded)
  return encoded
}

function labelBytes([name, value]: Series['labels'][number]): number {
  return textBytes(name) + textBytes(value)
}

function textBytes(text: string): number {
  return 1 + lengthAndBytes(Buffer.byteLength(text))
}

function lengthAndBytes(length: number): number {
  return varintBytes(length) + length
}

function writeText(bytes: Buffer, start: number, tag: number, text: string): number {
  bytes[start] = tag
  const at = writeVarint(bytes, start + 1, Buffer.byteLength(text))
  return at + bytes.write(text, at)
}

// Not by shifts: those cut to 32 bits, and a timestamp in ms has 41.
function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[at++] = rest
  return at
}

function varintBytes(value: number): number {
  let count = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++
  return count
}
