import type { Labels, Metric, Samples, Series } from '../model.ts'
import { compressed, MAX_PLAIN_BYTES, plainBytes } from './remote-write-snappy.ts'
import { newSymbols } from './remote-write-symbols.ts'
import { STALE_HIGH, STALE_LOW } from './stale-marker.ts'
import { writeVarint } from './varint.ts'

// io.prometheus.write.v2: Request { string symbols = 4; TimeSeries timeseries = 5 },
// TimeSeries { uint32 labels_refs = 1; Sample samples = 2; Metadata metadata = 5 },
// Sample { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3 },
// Metadata { MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4 }: field number << 3 | wire type.
const TIMESERIES = 0x2a
const LABELS_REFS = 0x0a
const SAMPLE = 0x12
const SAMPLE_VALUE = 0x09
const SAMPLE_TIMESTAMP = 0x10
const SAMPLE_START = 0x18
const METADATA = 0x2a
const METADATA_TYPE = 0x08
const METADATA_HELP = 0x18
const METADATA_UNIT = 0x20
const METRIC_TYPE = { counter: 1, gauge: 2 }

// What a series takes besides its label references, and each reference, at most.
const SERIES_BYTES = 128
const PAIR_BYTES = 10

// Written before the symbols are known that stand before them; used again by the next request.
let body = Buffer.alloc(0)
let view = new DataView(body.buffer)

/** A remote write 2.0 request in snappy block format; undefined: a receiver would refuse it for its size. */
export function encodeRequest2({ timestampMs, series, values }: Samples): Uint8Array | undefined {
  const symbols = newSymbols()
  const references = new Map<Labels, readonly number[]>()
  const metadata = new Map<Metric, Uint8Array>()
  let moment = momentOf(timestampMs, 0)
  let startMs = 0
  let length = 0
  for (const [index, each] of series.entries()) {
    const { metric, target } = each
    reserve(length + SERIES_BYTES + PAIR_BYTES * (metric.labels.length + target.length))
    const ofMetric = referencesOf(metric.labels)
    const ofTarget = referencesOf(target)
    body[length] = TIMESERIES
    let at = length + 2
    body[at] = LABELS_REFS
    at = closeMessage(at + 1, writeReferences(at + 2, each, ofMetric, ofTarget))
    const since = metric.type === 'counter' ? each.startMs : 0
    if (since !== startMs) moment = momentOf(timestampMs, (startMs = since))
    at = writeSample(at, values?.[index], moment)
    const about = metadataOf(metric)
    body.set(about, at)
    length = closeMessage(length + 1, at + about.length)
    if (length + symbols.length() > MAX_PLAIN_BYTES) return tooLarge()
  }
  const bytes = plainBytes(symbols.length() + length)
  bytes.set(body.subarray(0, length), symbols.writeTo(bytes))
  return compressed(bytes)

  function referencesOf(labels: Labels): readonly number[] {
    let known = references.get(labels)
    if (known) return known
    known = labels.flatMap(([name, value]) => [symbols.refOf(name), symbols.refOf(value)])
    references.set(labels, known)
    return known
  }

  function metadataOf(metric: Metric): Uint8Array {
    const known = metadata.get(metric)
    if (known) return known
    const encoded = encodeMetadata(metric, symbols.refOf)
    metadata.set(metric, encoded)
    return encoded
  }
}

/** References of all labels, sorted by name: those of the metric stand among those of its target. */
function writeReferences(
  start: number,
  { metric, target }: Series,
  ofMetric: readonly number[],
  ofTarget: readonly number[],
): number {
  let at = start
  let next = 0
  for (const [index, [name]] of metric.labels.entries()) {
    const before = next
    while (isBefore(target[next], name)) next++
    at = writeAll(at, ofTarget, 2 * before, 2 * next)
    at = writeAll(at, ofMetric, 2 * index, 2 * index + 2)
  }
  return writeAll(at, ofTarget, 2 * next, ofTarget.length)
}

function isBefore(pair: Labels[number] | undefined, name: string): boolean {
  return pair !== undefined && pair[0] < name
}

function writeAll(start: number, references: readonly number[], from: number, to: number): number {
  let at = start
  for (let index = from; index < to; index++) {
    const reference = references[index] ?? 0
    if (reference < 0x80) body[at++] = reference
    else if (reference < 0x4000) {
      body[at++] = reference | 0x80
      body[at++] = reference >> 7
    } else at = writeVarint(body, at, reference)
  }
  return at
}

function writeSample(start: number, value: number | undefined, moment: Uint8Array): number {
  body[start] = SAMPLE
  body[start + 1] = 9 + moment.length
  body[start + 2] = SAMPLE_VALUE
  if (value !== undefined) view.setFloat64(start + 3, value, true)
  else {
    view.setUint32(start + 3, STALE_LOW, true)
    view.setUint32(start + 7, STALE_HIGH, true)
  }
  body.set(moment, start + 11)
  return start + 11 + moment.length
}

/** Both timestamps of a sample; one that is 0 is not set. */
function momentOf(timestampMs: number, startMs: number): Uint8Array {
  const bytes = new Uint8Array(20)
  bytes[0] = SAMPLE_TIMESTAMP
  let at = writeVarint(bytes, 1, timestampMs)
  if (startMs === 0) return bytes.subarray(0, at)
  bytes[at] = SAMPLE_START
  // A clock that was set back may have begun a series "later": a start must not be after its sample.
  at = writeVarint(bytes, at + 1, Math.min(startMs, timestampMs))
  return bytes.subarray(0, at)
}

function encodeMetadata({ name, help, type }: Metric, refOf: (text: string) => number): Uint8Array {
  const bytes = new Uint8Array(24)
  bytes[0] = METADATA
  bytes[2] = METADATA_TYPE
  bytes[3] = METRIC_TYPE[type]
  bytes[4] = METADATA_HELP
  let at = writeVarint(bytes, 5, refOf(help))
  const unit = /_(bytes|seconds)(?:_total|_sum|_count)?$/.exec(name)?.[1]
  if (unit !== undefined) {
    bytes[at] = METADATA_UNIT
    at = writeVarint(bytes, at + 1, refOf(unit))
  }
  bytes[1] = at - 2
  return bytes.subarray(0, at)
}

/** Writes how long the message is that begins after the byte at `lengthAt`. Gives where it ends now. */
function closeMessage(lengthAt: number, end: number): number {
  const length = end - lengthAt - 1
  if (length < 0x80) {
    body[lengthAt] = length
    return end
  }
  // Rare: the length takes more than the one byte left for it.
  const prefix = new Uint8Array(8)
  const bytes = writeVarint(prefix, 0, length)
  body.copyWithin(lengthAt + bytes, lengthAt + 1, end)
  body.set(prefix.subarray(0, bytes), lengthAt)
  return end + bytes - 1
}

function reserve(length: number): void {
  if (length <= body.length) return
  const larger = Buffer.alloc(Math.max(2 * length, 65_536))
  larger.set(body)
  body = larger
  view = new DataView(body.buffer, body.byteOffset)
}

function tooLarge(): undefined {
  body = Buffer.alloc(0)
  return undefined
}
