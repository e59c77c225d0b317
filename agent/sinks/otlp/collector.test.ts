import { expect, test } from 'vitest'
import { agentBatches } from '../test/conformance-sender.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries } from '../test/examples.ts'
import { decodeOtlp, type OtlpRequest } from '../test/otlp-decode.ts'
import { otlpEncoder } from './encode.ts'
import { otlpSenderTo } from '../test/otlp-sender.ts'
import { attributesBy, kindOf, realCollector, type Told } from '../test/real-collector.ts'
import { until } from '../test/write-receiver.ts'

/** A sample with every label that there is, and text that is not easy. */
const everyLabel = exampleSample(
  {
    ...exampleSeries(),
    target: [
      ['cluster', 'production'],
      ['container_id', 'c0ffee'],
      ['container_image', 'registry.example:5000/nginx:1.29@sha256:abc'],
      ['container_name', 'nginx'],
      ['destination_ip', '2001:db8::7'],
      ['destination_port', '443'],
      ['k8s_namespace', 'shop'],
      ['k8s_pod', 'wéb "1" 漢🌍'],
      ['k8s_workload', 'cart'],
      ['k8s_workload_kind', 'Deployment'],
      ['process_cmd', 'nginx: worker'],
      ['process_pid', '4242'],
      ['protocol', 'tcp'],
      ['role', 'server'],
      ['source_host', 'node-1'],
      ['zone', 'eu-1a'],
    ],
  },
  2 ** 53 - 1,
  EXAMPLE_MS + 1_000,
)

/** What protobufjs reads in the bytes that a sink would send. */
function toldIn(request: OtlpRequest): Told[] {
  return request.resource_metrics.flatMap(
    ({ resource, scope_metrics: scopes, schema_url: schema }) =>
      scopes.flatMap(({ scope, metrics }) =>
        metrics.flatMap(({ name: metric, description, unit, sum, gauge }) =>
          ((sum ?? gauge)?.data_points ?? []).map(point => ({
            resource: attributesBy(resource.attributes),
            schema,
            scope,
            metric,
            description,
            unit,
            kind: kindOf(
              sum && { temporality: sum.aggregation_temporality, isMonotonic: sum.is_monotonic },
            ),
            attributes: attributesBy(point.attributes),
            start: point.start_time_unix_nano ?? '',
            time: point.time_unix_nano,
            value: point.as_int ?? point.as_double ?? 'ended',
            flags: point.flags,
          })),
        ),
      ),
  )
}

const asTexts = (told: readonly Told[]) => told.map(one => JSON.stringify(one)).toSorted()

test.for(['http', 'grpc'] as const)(
  'an OpenTelemetry Collector takes over %s everything that an agent offers, with every attribute as it was meant',
  async protocol => {
    await using receiver = await realCollector()
    const batches = [...agentBatches(), everyLabel]
    const version = '1.2.3'
    const encode = otlpEncoder({ version, isKubernetes: false, maxBytes: 4_194_304 })
    const expected = batches.flatMap(batch => toldIn(decodeOtlp(encode(batch) ?? Buffer.alloc(0))))
    const target = otlpSenderTo(receiver.endpoints[protocol], { protocol })
    for (const batch of batches) target.offer(batch)
    await until(async () => (await receiver.told()).length >= expected.length)
    const taken = await receiver.told()
    expect(asTexts(taken)).toEqual(asTexts(expected))
    // And not only as we would have it ourselves: by docs/otlp.md, written out.
    expect(taken.filter(({ attributes }) => attributes['process.pid'] !== undefined)).toEqual([
      {
        resource: {
          'cloud.availability_zone': 'eu-1a',
          'container.id': 'c0ffee',
          'container.image.name': 'registry.example:5000/nginx',
          'container.image.repo_digests': ['registry.example:5000/nginx@sha256:abc'],
          'container.image.tags': ['1.29'],
          'host.name': 'node-1',
          'k8s.cluster.name': 'production',
          'k8s.container.name': 'nginx',
          'k8s.deployment.name': 'cart',
          'k8s.namespace.name': 'shop',
          'k8s.pod.name': 'wéb "1" 漢🌍',
          'service.instance.id':
            'production/node-1/shop/wéb "1" 漢🌍/nginx/c0ffee/registry.example:5000/nginx:1.29@sha256:abc/Deployment/cart/eu-1a',
          'service.name': 'podatlas',
        },
        schema: 'https://opentelemetry.io/schemas/1.45.0',
        scope: { name: 'podatlas', version },
        metric: 'podatlas.transmit_bytes',
        // As the agent says it, in whose requests it is one metric with this one.
        description: 'Payload bytes sent to the remote end; of TCP, those it acknowledged',
        unit: 'By',
        kind: 'cumulative, monotonic',
        attributes: {
          'network.io.direction': 'transmit',
          'network.peer.address': '2001:db8::7',
          'network.transport': 'tcp',
          'process.executable.name': 'nginx: worker',
          'process.pid': 4_242,
          role: 'server',
          'client.address': '2001:db8::7',
          'server.port': 443,
        },
        start: `${EXAMPLE_MS}000000`,
        time: `${EXAMPLE_MS + 1_000}000000`,
        value: String(2 ** 53 - 1),
        flags: 0,
      },
    ])
    await target[Symbol.asyncDispose]()
  },
)
