import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import packageJson from '../../../package.json' with { type: 'json' }
import type { Samples } from '../../../agent/model.ts'
import { arrivedIn, decodeOtlp, messageType } from '../../../agent/sinks/test/otlp-decode.ts'
import { otlpEncoder } from '../../../agent/sinks/otlp/encode.ts'
import { GZIP_LEVEL, MAX_BYTES } from '../../../agent/sinks/otlp/otlp.ts'
import { labelsOf } from '../../../agent/sinks/series-labels.ts'
import { cpuRounds } from '../cpu-rounds.ts'
import { tickOfSeries } from './rw-encode-traffic.ts'

/**
 * otlp-encode-program.ts library|ours SERIES ROUNDS: CPU time of the requests of a tick, as JSON. By one way only,
 * since V8 would clear up after one while the other is measured.
 */
const [by = '', ...numbers] = process.argv.slice(2)
const [series = 0, rounds = 0] = numbers.map(Number)

// Of a message of protobufjs, what is made anew for a tick; the rest passes as it is.
const Points = z.looseObject({ data_points: z.array(z.looseObject({})) })
const Metrics = z.array(z.looseObject({ sum: Points.optional(), gauge: Points.optional() }))
const Tree = z.object({
  resource_metrics: z.array(
    z.looseObject({ scope_metrics: z.array(z.looseObject({ metrics: Metrics })) }),
  ),
})

const { total, requests } = tickOfSeries(series)
const encode = otlpEncoder({
  version: packageJson.version,
  isKubernetes: true,
  maxBytes: MAX_BYTES.http,
})
const type = messageType('ExportMetricsServiceRequest')
// Made once, to the library's advantage: points are grouped already, and attributes do not change from tick to tick.
const trees =
  by === 'library'
    ? requests.map(request => Tree.parse(type.toObject(type.decode(ours(request)))))
    : []
const plain = by === 'library' ? library : ours
const ways = {
  plain,
  gzip: (request: Samples, index: number) => gzipSync(plain(request, index), { level: GZIP_LEVEL }),
}

for (const [index, request] of requests.entries()) requireEqual(request, index)
const eachRequest = Object.entries(ways).map(
  ([name, way]) => [name, () => requests.forEach((request, index) => way(request, index))] as const,
)
const cpuMs = await cpuRounds(Object.fromEntries(eachRequest), rounds)
process.stdout.write(
  JSON.stringify({
    series: total,
    cpuMs,
    plainBytes: bytesOf(ways.plain) / total,
    gzipBytes: bytesOf(ways.gzip) / total,
  }),
)

function ours(request: Samples): Uint8Array {
  const bytes = encode(request)
  if (!bytes) throw new Error('a request is too large')
  return bytes
}

/** A tick has new points: one object each. */
function library(_request: Samples, index: number): Uint8Array {
  const resources = trees[index]?.resource_metrics.map(resource => ({
    ...resource,
    scope_metrics: resource.scope_metrics.map(scope => ({
      ...scope,
      metrics: scope.metrics.map(metric => ({
        ...metric,
        ...(metric.sum && { sum: withNewPoints(metric.sum) }),
        ...(metric.gauge && { gauge: withNewPoints(metric.gauge) }),
      })),
    })),
  }))
  return type.encode({ resource_metrics: resources }).finish()
}

function withNewPoints(points: z.output<typeof Points>) {
  return { ...points, data_points: points.data_points.map(point => ({ ...point })) }
}

function bytesOf(way: (request: Samples, index: number) => Uint8Array): number {
  return requests.reduce((sum, request, index) => sum + way(request, index).length, 0)
}

/** Throws unless a decoder that is not ours reads what was offered out of both. */
function requireEqual(request: Samples, index: number): void {
  const mine = decodeOtlp(ours(request))
  if (JSON.stringify(mine) !== JSON.stringify(decodeOtlp(plain(request, index))))
    throw new Error('the requests say different things')
  const { timestampMs, values } = request
  const offered = request.series.map((one, at) => {
    const { name, type: kind } = one.metric
    // What a counter is called without _total, Prometheus calls so with it.
    const inPrometheus = kind === 'counter' && !name.endsWith('_total') ? `${name}_total` : name
    const labels = labelsOf(one).map(pair =>
      pair[0] === '__name__' ? [pair[0], inPrometheus] : pair,
    )
    return JSON.stringify([labels, values?.[at], timestampMs])
  })
  const arrived = arrivedIn(mine).map(one =>
    JSON.stringify([one.labels, one.value, one.timestampMs]),
  )
  if (arrived.toSorted().join('\n') !== offered.toSorted().join('\n'))
    throw new Error('the requests do not say what was offered')
}
