import type { Labels, Metric, Samples, Series } from '../../model.ts'
import { compressed, MAX_PLAIN_BYTES, plainBytes } from './snappy.ts'
import { newSymbols } from './symbols.ts'
import { STALE_HIGH, STALE_LOW } from './stale-marker.ts'
import { lengthAndBytes, writeVarint } from '../protobuf/varint.ts'

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
const METRIC_TYPE = {
  unknown: 0,
  counter: 1,
  gauge: 2,
  histogram: 3,
  gauge_histogram: 4,
  summary: 5,
  info: 6,
  stateset: 7,
}

// Tag and length of a series, at most; of its sample, with the value; and references of a label, at most.
const SERIES_HEAD = 11
const SAMPLE_HEAD = 11
const PAIR_BYTES = 10

// Written before the symbols are known that stand before them; used again by the next request.
let body = Buffer.alloc(0)
let view = new DataView(body.buffer)
let scratch = new Uint8Array(PAIR_BYTES * 32)

/** A remote write 2.0 request in snappy block format; undefined: a receiver would refuse it for its size. */
export function encodeRequest2(samples: Samples): Uint8Array | undefined {
  const plain = plainRequest2(samples)
  return plain && compressed(plain)
}

/**
 * The same before compression, valid until the next request is written. What series have in common is
 * encoded once and then copied: the agent runs without V8's optimising compiler.
 */
export function plainRequest2({ timestampMs, series, values }: Samples): Uint8Array | undefined {
  const symbols = newSymbols()
  const targets = new Map<Labels, Uint8Array>()
  const metrics = new Map<Metric, OfMetric>()
  let target: Labels = []
  let ofTarget: Uint8Array = new Uint8Array()
  let at = 0
  for (let index = 0; index < series.length; index++) {
    const one = series[index]
    if (!one) continue
    const { metric } = one
    if (one.target !== target) {
      target = one.target
      ofTarget = targetReferences(target)
    }
    const startMs = metric.type === 'counter' ? one.startMs : 0
    let ofMetric = metrics.get(metric)
    if (ofMetric?.startMs !== startMs) {
      ofMetric = encodeMetric(metric, timestampMs, startMs, symbols.refOf)
      metrics.set(metric, ofMetric)
    }
    const { name, end } = ofMetric
    const isInOrder = name !== undefined && !isBefore(target[0], '__name__')
    const labels = isInOrder ? ofTarget : encodeReferences(merged(one), symbols.refOf)
    const references = labels.length + (isInOrder ? name.length : 0)
    const length = 1 + lengthAndBytes(references) + SAMPLE_HEAD + end.length
    reserve(at + length + SERIES_HEAD)
    body[at] = TIMESERIES
    at = writeLength(at + 1, length)
    body[at] = LABELS_REFS
    at = writeLength(at + 1, references)
    if (isInOrder) {
      body.set(name, at)
      at += name.length
    }
    body.set(labels, at)
    at += labels.length
    body[at] = SAMPLE
    body[at + 1] = ofMetric.sampleLength
    body[at + 2] = SAMPLE_VALUE
    if (values) view.setFloat64(at + 3, values[index] ?? 0, true)
    else {
      view.setUint32(at + 3, STALE_LOW, true)
      view.setUint32(at + 7, STALE_HIGH, true)
    }
    at += SAMPLE_HEAD
    body.set(end, at)
    at += end.length
    if (at + symbols.length() > MAX_PLAIN_BYTES) return tooLarge()
  }
  const bytes = plainBytes(symbols.length() + at)
  bytes.set(body.subarray(0, at), symbols.writeTo(bytes))
  return bytes

  function targetReferences(labels: Labels): Uint8Array {
    let known = targets.get(labels)
    if (!known) targets.set(labels, (known = encodeReferences(labels, symbols.refOf)))
    return known
  }
}

type RefOf = (text: string) => number

/** What all series of a metric that started at one moment have in common. */
type OfMetric = {
  readonly startMs: number
  /** References of its only label, `__name__`; undefined if it has more. */
  readonly name: Uint8Array | undefined
  readonly sampleLength: number
  /** All that follows the value of a sample. */
  readonly end: Uint8Array
}

function encodeMetric(
  metric: Metric,
  timestampMs: number,
  startMs: number,
  refOf: RefOf,
): OfMetric {
  const { labels } = metric
  const hasNameOnly = labels.length === 1 && labels[0]?.[0] === '__name__'
  const moment = momentOf(timestampMs, startMs)
  const end = Buffer.concat([moment, encodeMetadata(metric, refOf)])
  const name = hasNameOnly ? encodeReferences(labels, refOf) : undefined
  return { startMs, name, sampleLength: 9 + moment.length, end }
}

/** All labels of a series in the order of their names: both lists are in order already. */
function merged({ metric, target }: Series): Labels {
  const pairs: Labels[number][] = []
  let next = 0
  for (const own of metric.labels) {
    for (let pair = target[next]; pair && isBefore(pair, own[0]); pair = target[++next])
      pairs.push(pair)
    pairs.push(own)
  }
  return [...pairs, ...target.slice(next)]
}

function isBefore(pair: Labels[number] | undefined, name: string): boolean {
  return pair !== undefined && pair[0] < name
}

function encodeReferences(labels: Labels, refOf: RefOf): Uint8Array {
  if (scratch.length < PAIR_BYTES * labels.length)
    scratch = new Uint8Array(PAIR_BYTES * labels.length)
  let at = 0
  for (const [name, value] of labels) {
    at = writeReference(at, refOf(name))
    at = writeReference(at, refOf(value))
  }
  return scratch.slice(0, at)
}

function writeReference(at: number, reference: number): number {
  if (reference >= 0x80) return writeVarint(scratch, at, reference)
  scratch[at] = reference
  return at + 1
}

function writeLength(at: number, length: number): number {
  if (length >= 0x80) return writeVarint(body, at, length)
  body[at] = length
  return at + 1
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

function encodeMetadata({ name, help, type }: Metric, refOf: RefOf): Uint8Array {
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
