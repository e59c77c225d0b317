import type { Metric } from '../../model.ts'
import type { Attribute } from './attributes.ts'
import { otlpName } from './names.ts'
import { messageField, textField, varintField } from '../protobuf/fields.ts'

// Parts of opentelemetry.proto.metrics.v1 that many points share. A tag is field number << 3 | wire type.
// Metric { string name = 1; string description = 2; string unit = 3; Gauge gauge = 5; Sum sum = 7 },
// Sum { NumberDataPoint data_points = 1; AggregationTemporality aggregation_temporality = 2; bool is_monotonic = 3 }
const NAME = 0x0a
const DESCRIPTION = 0x12
const UNIT = 0x1a
const GAUGE = 0x2a
const SUM = 0x3a
const CUMULATIVE_MONOTONIC = Uint8Array.of(0x10, 2, 0x18, 1)
// ResourceMetrics { Resource resource = 1; string schema_url = 3 }, Resource { KeyValue attributes = 1 },
// ScopeMetrics { InstrumentationScope scope = 1; string schema_url = 3 }, InstrumentationScope { string name = 1; string version = 2 }
const RESOURCE = 0x0a
const RESOURCE_ATTRIBUTES = 0x0a
const SCOPE = 0x0a
const SCOPE_VERSION = 0x12
const SCHEMA_URL = 0x1a
// NumberDataPoint { KeyValue attributes = 7 }, KeyValue { string key = 1; AnyValue value = 2 },
// AnyValue { string string_value = 1; int64 int_value = 3; ArrayValue array_value = 5 }, ArrayValue { AnyValue values = 1 }
const POINT_ATTRIBUTES = 0x3a
const KEY = 0x0a
const VALUE = 0x12
const STRING_VALUE = 0x0a
const INT_VALUE = 0x18
const ARRAY_VALUE = 0x2a
const ARRAY_VALUES = 0x0a

/** The conventions by which attributes are called. */
export const SCHEMA = textField(SCHEMA_URL, 'https://opentelemetry.io/schemas/1.45.0')

/** All metrics of one name: they are one message, whatever labels they carry themselves. */
export type MetricGroup = {
  /** Name, description and unit. */
  readonly head: Uint8Array
  readonly isSum: boolean
  /** Of the field that holds the points. */
  readonly tag: number
  /** What follows the points. */
  readonly tail: Uint8Array
  /** Where one value may not be whole, none is sent as a whole number: a series is to have one type. */
  readonly isDouble: boolean
}

export function metricGroup(metric: Metric): MetricGroup {
  const { name, unit } = otlpName(metric)
  const isSum = metric.type === 'counter'
  return {
    head: Buffer.concat([
      textField(NAME, name),
      textField(DESCRIPTION, metric.help),
      ...(unit === '' ? [] : [textField(UNIT, unit)]),
    ]),
    isSum,
    tag: isSum ? SUM : GAUGE,
    tail: isSum ? CUMULATIVE_MONOTONIC : new Uint8Array(),
    isDouble: unit === 's',
  }
}

export function resourceField(attributes: readonly Attribute[]): Uint8Array {
  return messageField(RESOURCE, [encodeAttributes(RESOURCE_ATTRIBUTES, attributes)])
}

/** `version` is that of podatlas. */
export function scopeField(version: string): Uint8Array {
  return messageField(SCOPE, [textField(NAME, 'podatlas'), textField(SCOPE_VERSION, version)])
}

export function attributesOfPoint(attributes: readonly Attribute[]): Uint8Array {
  return encodeAttributes(POINT_ATTRIBUTES, attributes)
}

function encodeAttributes(tag: number, attributes: readonly Attribute[]): Uint8Array {
  return Buffer.concat(
    attributes.map(([name, value]) =>
      messageField(tag, [textField(KEY, name), messageField(VALUE, [anyValue(value)])]),
    ),
  )
}

function anyValue(value: Attribute[1]): Uint8Array {
  if (typeof value === 'string') return textField(STRING_VALUE, value)
  if (typeof value === 'number') return varintField(INT_VALUE, value)
  const values = value.map(one => messageField(ARRAY_VALUES, [textField(STRING_VALUE, one)]))
  return messageField(ARRAY_VALUE, values)
}
