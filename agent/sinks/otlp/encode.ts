import type { Labels, Metric, Samples, Series } from '../../model.ts'
import {
  metricAttributes,
  pointAttributes,
  resourceAttributes,
  resourceId,
  serviceOf,
  type Service,
} from './attributes.ts'
import {
  attributesOfPoint,
  metricGroup,
  resourceField,
  SCHEMA,
  scopeField,
  type MetricGroup,
} from './parts.ts'
import { lengthAndBytes, writeVarint } from '../protobuf/varint.ts'

// ExportMetricsServiceRequest { ResourceMetrics resource_metrics = 1 }, ResourceMetrics { ScopeMetrics scope_metrics = 2 },
// ScopeMetrics { Metric metrics = 2 }, Sum and Gauge { NumberDataPoint data_points = 1 }: field number << 3 | wire type.
const RESOURCE_METRICS = 0x0a
const SCOPE_METRICS = 0x12
const METRICS = 0x12
const DATA_POINTS = 0x0a
// NumberDataPoint { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; double as_double = 4;
// sfixed64 as_int = 6; uint32 flags = 8 }
const START = 0x11
const TIME = 0x19
const AS_DOUBLE = 0x21
const AS_INT = 0x31
const FLAGS = 0x40
const NO_RECORDED_VALUE = 1

const MOMENT_BYTES = 9
const VALUE_BYTES = 9
const FLAGS_BYTES = 2
const TWO_32 = 2 ** 32

// Used again by the next request: what is sent has been copied out by then.
let plain = Buffer.alloc(0)
let view = new DataView(plain.buffer)

export type EncoderOptions = {
  /** Of podatlas. */
  readonly version: string
  /** Whether hosts are nodes of Kubernetes. */
  readonly isKubernetes: boolean
  /** What a request may take, before compression. */
  readonly maxBytes: number
}

/** Makes requests, each valid until the next is made; undefined: it would be larger than `maxBytes`. */
export type OtlpEncoder = (samples: Samples) => Uint8Array | undefined

type OfTarget = { readonly resource: string; readonly attributes: Uint8Array }
type OfMetric = {
  readonly group: MetricGroup
  readonly service: Service
  readonly attributes: Uint8Array
}

type Point = {
  readonly index: number
  readonly parts: readonly Uint8Array[]
  readonly length: number
}
type Points = { readonly all: Point[]; length: number }
type Resource = { readonly head: Uint8Array; readonly metrics: Map<MetricGroup, Points> }

/**
 * Writes an `ExportMetricsServiceRequest`. What the points of a target and of a metric have in common is
 * encoded once and then copied: the agent runs without V8's optimising compiler.
 */
export function otlpEncoder({ version, isKubernetes, maxBytes }: EncoderOptions): OtlpEncoder {
  const targets = new WeakMap<Labels, OfTarget>()
  const metrics = new WeakMap<Metric, OfMetric>()
  const groups = new Map<string, MetricGroup>()
  const scope = scopeField(version)

  function ofTarget(target: Labels): OfTarget {
    let known = targets.get(target)
    if (!known) {
      known = {
        resource: resourceId(target),
        attributes: attributesOfPoint(pointAttributes(target)),
      }
      targets.set(target, known)
    }
    return known
  }

  function ofMetric(metric: Metric): OfMetric {
    let known = metrics.get(metric)
    if (!known) {
      const group = groups.get(metric.name) ?? metricGroup(metric)
      groups.set(metric.name, group)
      const attributes = attributesOfPoint(metricAttributes(metric))
      known = { group, service: serviceOf(metric), attributes }
      metrics.set(metric, known)
    }
    return known
  }

  function grouped({ series, values }: Samples): Resource[] {
    const resources = new Map<string, Resource>()
    for (const [index, { metric, target }] of series.entries()) {
      const { group, service, attributes: ofAll } = ofMetric(metric)
      const { resource: id, attributes } = ofTarget(target)
      const key = `${service} ${id}`
      let resource = resources.get(key)
      if (!resource) {
        const head = resourceField(resourceAttributes(target, service, isKubernetes))
        resources.set(key, (resource = { head, metrics: new Map() }))
      }
      let points = resource.metrics.get(group)
      if (!points) resource.metrics.set(group, (points = { all: [], length: 0 }))
      const length =
        (group.isSum ? 2 : 1) * MOMENT_BYTES +
        (values ? VALUE_BYTES : FLAGS_BYTES) +
        attributes.length +
        ofAll.length
      points.all.push({ index, parts: [attributes, ofAll], length })
      points.length += 1 + lengthAndBytes(length)
    }
    return [...resources.values()]
  }

  return samples => {
    const measured = grouped(samples).map(resource => {
      const ofScope = scope.length + metricsLength(resource) + SCHEMA.length
      const length = resource.head.length + 1 + lengthAndBytes(ofScope) + SCHEMA.length
      return { ...resource, ofScope, length }
    })
    const total = measured.reduce((sum, { length }) => sum + 1 + lengthAndBytes(length), 0)
    if (total > maxBytes) return undefined
    reserve(total)
    const point = pointWriter(samples)
    let at = 0
    for (const { head, metrics: ofResource, ofScope, length } of measured) {
      at = write(writeHead(at, RESOURCE_METRICS, length), head)
      at = write(writeHead(at, SCOPE_METRICS, ofScope), scope)
      for (const [group, points] of ofResource) {
        at = write(writeHead(at, METRICS, metricLength(group, points)), group.head)
        at = writeHead(at, group.tag, points.length + group.tail.length)
        for (const one of points.all) at = point(at, one, group)
        at = write(at, group.tail)
      }
      at = write(write(at, SCHEMA), SCHEMA)
    }
    return plain.subarray(0, at)
  }
}

function metricsLength({ metrics }: Resource): number {
  let sum = 0
  for (const [group, points] of metrics) sum += 1 + lengthAndBytes(metricLength(group, points))
  return sum
}

function metricLength({ head, tail }: MetricGroup, points: Points): number {
  return head.length + 1 + lengthAndBytes(points.length + tail.length)
}

/** Writes points of one moment, each at the place it is given; says where it ends. */
function pointWriter({ timestampMs, series, values }: Samples) {
  const time = moment(TIME, timestampMs)
  let start = new Uint8Array()
  let startMs = Number.NaN

  function writeStart(at: number, one: Series | undefined): number {
    // A clock that was set back may have begun a series "later": a start must not be after its sample.
    const nextMs = Math.min(one?.startMs ?? 0, timestampMs)
    if (nextMs !== startMs) start = moment(START, (startMs = nextMs))
    return write(at, start)
  }

  return (from: number, { index, parts, length }: Point, group: MetricGroup): number => {
    let at = writeHead(from, DATA_POINTS, length)
    if (group.isSum) at = writeStart(at, series[index])
    at = write(at, time)
    at = values ? writeValue(at, values[index] ?? 0, group.isDouble) : writeEnded(at)
    for (const part of parts) at = write(at, part)
    return at
  }
}

function moment(tag: number, ms: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MOMENT_BYTES)
  bytes[0] = tag
  new DataView(bytes.buffer).setBigUint64(1, BigInt(ms) * 1_000_000n, true)
  return bytes
}

function writeValue(at: number, value: number, isDouble: boolean): number {
  if (!isDouble && Number.isSafeInteger(value)) {
    plain[at] = AS_INT
    view.setUint32(at + 1, value % TWO_32, true)
    view.setInt32(at + 5, Math.floor(value / TWO_32), true)
  } else {
    plain[at] = AS_DOUBLE
    view.setFloat64(at + 1, value, true)
  }
  return at + VALUE_BYTES
}

function writeEnded(at: number): number {
  plain[at] = FLAGS
  plain[at + 1] = NO_RECORDED_VALUE
  return at + FLAGS_BYTES
}

function writeHead(at: number, tag: number, length: number): number {
  plain[at] = tag
  return writeVarint(plain, at + 1, length)
}

function write(at: number, bytes: Uint8Array): number {
  plain.set(bytes, at)
  return at + bytes.length
}

function reserve(length: number): void {
  if (length <= plain.length) return
  plain = Buffer.alloc(Math.max(2 * length, 65_536))
  view = new DataView(plain.buffer, plain.byteOffset)
}
