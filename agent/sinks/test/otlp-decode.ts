import protobuf from 'protobufjs'
import { z } from 'zod'
import type { Arrived } from './write-request-decode.ts'

// The part of opentelemetry.proto that metrics use, with the published names and numbers.
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
  message InstrumentationScope { string name = 1; string version = 2; }
  message Metric {
    string name = 1;
    string description = 2;
    string unit = 3;
    oneof data { Gauge gauge = 5; Sum sum = 7; }
  }
  message Gauge { repeated NumberDataPoint data_points = 1; }
  message Sum {
    repeated NumberDataPoint data_points = 1;
    uint32 aggregation_temporality = 2;
    bool is_monotonic = 3;
  }
  message NumberDataPoint {
    repeated KeyValue attributes = 7;
    fixed64 start_time_unix_nano = 2;
    fixed64 time_unix_nano = 3;
    oneof value { double as_double = 4; sfixed64 as_int = 6; }
    uint32 flags = 8;
  }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string string_value = 1; int64 int_value = 3; ArrayValue array_value = 5; }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message ExportMetricsServiceResponse { ExportMetricsPartialSuccess partial_success = 1; }
  message ExportMetricsPartialSuccess { int64 rejected_data_points = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
`,
  { keepCase: true },
)

const AnyValue = z.object({
  string_value: z.string().optional(),
  int_value: z.string().optional(),
  array_value: z.object({ values: z.array(z.object({ string_value: z.string() })) }).optional(),
})
const Attributes = z
  .array(z.object({ key: z.string(), value: AnyValue }))
  .transform(pairs => pairs.map(({ key, value }) => [key, plainValue(value)] as const))
const Point = z.object({
  attributes: Attributes.default([]),
  start_time_unix_nano: z.string().optional(),
  time_unix_nano: z.string(),
  as_double: z.number().optional(),
  as_int: z.string().optional(),
  flags: z.number().default(0),
})
const Points = z.array(Point).default([])
const Metric = z.object({
  name: z.string(),
  description: z.string().default(''),
  unit: z.string().default(''),
  gauge: z.object({ data_points: Points }).optional(),
  sum: z
    .object({
      data_points: Points,
      aggregation_temporality: z.number().default(0),
      is_monotonic: z.boolean().default(false),
    })
    .optional(),
})
const Request = z.object({
  resource_metrics: z
    .array(
      z.object({
        resource: z.object({ attributes: Attributes }),
        scope_metrics: z.array(
          z.object({
            scope: z.object({ name: z.string(), version: z.string() }),
            metrics: z.array(Metric),
            schema_url: z.string(),
          }),
        ),
        schema_url: z.string(),
      }),
    )
    .default([]),
})

export type OtlpRequest = z.output<typeof Request>
export type OtlpPoint = z.output<typeof Point>

/** Reads a request with protobufjs: no byte of it passes through our own code. */
export function decodeOtlp(body: Uint8Array): OtlpRequest {
  const type = root.lookupType('ExportMetricsServiceRequest')
  return Request.parse(type.toObject(type.decode(body), { longs: String }))
}

/** A message of OTLP as protobufjs knows it. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(name)
}

/** Encodes what a receiver answers, such as `ExportMetricsServiceResponse`. */
export function encodeMessage(name: string, content: object): Buffer {
  const type = root.lookupType(name)
  return Buffer.from(type.encode(type.fromObject(content)).finish())
}

/** Every point with everything that is said of it. */
export function pointsOf({ resource_metrics: resources }: OtlpRequest) {
  return resources.flatMap(({ resource, scope_metrics: scopes }) =>
    scopes.flatMap(({ metrics }) =>
      metrics.flatMap(
        metric =>
          (metric.sum ?? metric.gauge)?.data_points.map(point => ({
            resource: Object.fromEntries(resource.attributes),
            metric,
            point,
            attributes: Object.fromEntries(point.attributes),
          })) ?? [],
      ),
    ),
  )
}

const LABEL_OF: Readonly<Record<string, string>> = {
  'cloud.availability_zone': 'zone',
  'container.id': 'container_id',
  'container.name': 'container_name',
  'host.name': 'source_host',
  'k8s.cluster.name': 'cluster',
  'k8s.container.name': 'container_name',
  'k8s.namespace.name': 'k8s_namespace',
  'k8s.pod.name': 'k8s_pod',
  'network.peer.address': 'destination_ip',
  'network.transport': 'protocol',
  'process.executable.name': 'process_cmd',
  'process.pid': 'process_pid',
  'server.port': 'destination_port',
}
const KIND_OF: Readonly<Record<string, string>> = {
  'k8s.cronjob.name': 'CronJob',
  'k8s.daemonset.name': 'DaemonSet',
  'k8s.deployment.name': 'Deployment',
  'k8s.job.name': 'Job',
  'k8s.statefulset.name': 'StatefulSet',
}
// Said by other attributes, or not by labels.
const DERIVED = [
  'service.name',
  'service.instance.id',
  'k8s.node.name',
  'server.address',
  'client.address',
  'network.io.direction',
]

/** Points as the series they were, which only works if nothing of their labels was lost or mixed up. */
export function arrivedIn(request: OtlpRequest): Arrived[] {
  return pointsOf(request).map(({ resource, metric, point, attributes }) => {
    const labels = Object.entries({ ...resource, ...attributes }).flatMap(([name, value]) => {
      if (DERIVED.includes(name)) return []
      const kind = KIND_OF[name]
      if (kind !== undefined)
        return [['k8s_workload', String(value)] as const, ['k8s_workload_kind', kind] as const]
      return [[LABEL_OF[name] ?? name, String(value)] as const]
    })
    const ownName = `${metric.name.replaceAll('.', '_')}${metric.sum ? '_total' : ''}`
    const { as_double: double, as_int: int, flags, time_unix_nano: time } = point
    return {
      labels: [['__name__', ownName] as const, ...labels].toSorted(([left], [right]) =>
        left < right ? -1 : 1,
      ),
      value: double ?? (int === undefined ? Number.NaN : Number(int)),
      timestampMs: Number(BigInt(time) / 1_000_000n),
      isStale: flags === 1 && double === undefined && int === undefined,
    }
  })
}

function plainValue({
  string_value: text,
  int_value: int,
  array_value: list,
}: z.output<typeof AnyValue>) {
  if (int !== undefined) return Number(int)
  return text ?? list?.values.map(value => value.string_value) ?? ''
}
