import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createTelemetry } from '../../telemetry.ts'
import { backoffMs } from '../backoff.ts'
import { agentBatches } from '../test/conformance-sender.ts'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from '../test/examples.ts'
import { openSinks } from '../index.ts'
import { sinkOptions } from '../options.ts'
import { decodeOtlp, encodeMessage } from '../test/otlp-decode.ts'
import { otlpEncoder } from './encode.ts'
import { otlpReceiver, type OtlpAnswering } from '../test/otlp-receiver.ts'
import { otlpSenderTo } from '../test/otlp-sender.ts'
import { until } from '../test/write-receiver.ts'

// One test for each MUST and SHOULD of a client, by its section of
// https://opentelemetry.io/docs/specs/otlp/ Not done, and not tested: a setting to end without waiting
// for what is under way; it is always waited for, and never for long.
const series = exampleSeries()
const moment = (value: number) => exampleSample(series, value, EXAMPLE_MS + value)
const MIB = 1_048_576

/** Answers as told to a sender, until the samples 1 and 2 were taken or given up. */
async function exchange(protocol: 'http' | 'grpc', ...answers: OtlpAnswering[]) {
  await using receiver = await otlpReceiver(protocol)
  receiver.answerNext(...answers)
  await using target = otlpSenderTo(receiver.endpoint, { protocol })
  for (const value of [1, 2]) target.offer(moment(value))
  await until(() => reading(target.telemetry.sinkQueueSamples, {}) === 0)
  const { sinkSamplesSent, sinkSamplesDropped, sinkFailures } = target.telemetry
  const { requests } = receiver
  return {
    requests,
    values: requests.map(({ request }) => valueIn(request)),
    sent: reading(sinkSamplesSent, {}),
    dropped: (reason: string) => reading(sinkSamplesDropped, { reason }),
    failures: (reason: string) => reading(sinkFailures, { reason }),
    lines: target.lines.join('\n'),
    msBefore: (index: number) =>
      (requests[index]?.cameMs ?? 0) - (requests[index - 1]?.cameMs ?? 0),
  }
}

function valueIn({ resource_metrics: [resource] }: ReturnType<typeof decodeOtlp>): number {
  return Number(resource?.scope_metrics[0]?.metrics[0]?.sum?.data_points[0]?.as_int)
}

function partial(rejected: number, message: string): Buffer {
  const said = { rejected_data_points: rejected, error_message: message }
  return encodeMessage('ExportMetricsServiceResponse', { partial_success: said })
}

function retryInfo(seconds: number, nanos = 0): Buffer {
  const value = encodeMessage('RetryInfo', { retry_delay: { seconds, nanos } })
  const details = [{ type_url: 'type.googleapis.com/google.rpc.RetryInfo', value }]
  return encodeMessage('Status', { code: 14, message: 'busy', details })
}

function optionsTo(endpoint: string, protocol: string) {
  return sinkOptions.parse({ type: 'otlp', endpoint, protocol })
}

/** Sizes of the requests in which so many series of long names arrive, before compression. */
async function sizesOf(protocol: 'http' | 'grpc', count: number, nameLength: number) {
  await using receiver = await otlpReceiver(protocol)
  await using target = otlpSenderTo(receiver.endpoint, { protocol })
  const wide = Array.from({ length: count }, (_, i) =>
    exampleSeries(`${i}${'x'.repeat(nameLength)}`),
  )
  target.offer(exampleSamples(wide.map((one, i) => [one, i] as const)))
  await receiver.received(count)
  return receiver.requests.map(({ plain }) => plain.length)
}

describe('OTLP 1.11', () => {
  test('gRPC Request: MUST NOT retry where the message was larger than the server takes', async () => {
    const body = 'grpc: received message larger than max (5 vs. 4)'
    const { values, dropped } = await exchange('grpc', { status: 8, body })
    expect(values).toEqual([1, 2])
    expect(dropped('resource_exhausted')).toBe(1)
  })

  test('gRPC Request: SHOULD limit the size of a message before compression, to 4 MiB', async () => {
    const sizes = await sizesOf('grpc', 8, MIB / 2)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * MIB)
    expect(sizes.length).toBeGreaterThan(1)
  })

  test.for(['gRPC', 'HTTP'] as const)(
    '%s Concurrent Requests: SHOULD be possible, as many as the settings say',
    async name => {
      const protocol = name === 'gRPC' ? 'grpc' : 'http'
      await using receiver = await otlpReceiver(protocol)
      receiver.answerAll('hang')
      await using target = otlpSenderTo(receiver.endpoint, {
        protocol,
        maxParallel: 3,
        timeout: '2s',
      })
      const many = Array.from({ length: 8_000 }, (_, i) => [exampleSeries(`p${i}`), i] as const)
      target.offer(exampleSamples(many))
      await receiver.asked(3)
      await pause(100)
      expect(receiver.requests).toHaveLength(3)
      receiver.endOutage()
      receiver.hangUp()
      expect(await receiver.received(8_000)).toHaveLength(8_000)
    },
  )

  test('gRPC Concurrent Requests: SHOULD record what was not delivered', async () => {
    await using receiver = await otlpReceiver('grpc')
    receiver.answerAll('hang')
    const target = otlpSenderTo(receiver.endpoint, { protocol: 'grpc', timeout: '100ms' })
    target.offer(moment(1))
    await until(() => reading(target.telemetry.sinkFailures, { reason: 'timeout' }) >= 2)
    expect(target.lines.join()).toContain('no answer from')
    const closing = target[Symbol.asyncDispose]()
    target.offer(moment(2))
    expect(reading(target.telemetry.sinkSamplesDropped, { reason: 'shutdown' })).toBe(1)
    receiver.endOutage()
    await closing
  })

  test('gRPC Partial Success: MUST NOT retry, and what was rejected is counted', async () => {
    const { values, sent, dropped, lines } = await exchange('grpc', {
      status: 0,
      body: partial(1, 'too old'),
    })
    expect({ values, sent, dropped: dropped('rejected') }).toEqual({
      values: [1, 2],
      sent: 1,
      dropped: 1,
    })
    expect(lines).toContain('too old')
  })

  test('gRPC Partial Success: a message without rejected points is a warning', async () => {
    const { values, sent, lines } = await exchange('grpc', {
      status: 0,
      body: partial(0, 'use v2'),
    })
    expect({ values, sent }).toEqual({ values: [1, 2], sent: 2 })
    expect(lines).toContain('warns: use v2')
  })

  test('gRPC Failures: SHOULD record a retryable error', async () => {
    const { failures, lines } = await exchange('grpc', { status: 14, body: 'too busy' })
    expect(failures('unavailable')).toBe(1)
    expect(lines).toContain('answered unavailable: too busy')
  })

  test('gRPC Failures: MUST NOT retry an error that is not retryable, and MUST drop the data', async () => {
    const { values, sent } = await exchange('grpc', { status: 3, body: 'bad data' })
    expect({ values, sent }).toEqual({ values: [1, 2], sent: 1 })
  })

  test('gRPC Failures: SHOULD count dropped data', async () => {
    const { dropped, failures } = await exchange('grpc', { status: 3, body: 'bad data' })
    expect([dropped('invalid_argument'), failures('invalid_argument')]).toEqual([1, 1])
  })

  test('gRPC Failures: SHOULD take codes for retryable or not by the table', async () => {
    const retried: number[] = []
    for (let status = 1; status <= 16; status++) {
      const { values } = await exchange('grpc', { status })
      if (values.length === 3) retried.push(status)
    }
    expect(retried).toEqual([1, 4, 10, 11, 14, 15])
  })

  test('gRPC Failures: SHOULD wait longer with each retry', async () => {
    const answers = Array.from({ length: 4 }, () => ({ status: 14 }))
    const { requests } = await exchange('grpc', ...answers)
    const spanMs = (requests[4]?.cameMs ?? 0) - (requests[0]?.cameMs ?? 0)
    expect(spanMs).toBeGreaterThan(0.9 * (30 + 60 + 120 + 240))
  })

  test('gRPC Failures: RESOURCE_EXHAUSTED SHOULD be retried only with RetryInfo', async () => {
    const details = retryInfo(0, 50_000_000)
    expect((await exchange('grpc', { status: 8, details })).values).toEqual([1, 1, 2])
    expect((await exchange('grpc', { status: 8 })).values).toEqual([1, 2])
  })

  test('gRPC Throttling: MUST throttle itself, and SHOULD wait as long as RetryInfo says', async () => {
    const { values, msBefore } = await exchange('grpc', { status: 14, details: retryInfo(1) })
    expect(values).toEqual([1, 1, 2])
    expect(msBefore(1)).toBeGreaterThan(950)
  })

  test('Binary Protobuf Encoding: MUST set Content-Type: application/x-protobuf', async () => {
    const [request] = (await exchange('http')).requests
    expect(request?.headers['content-type']).toBe('application/x-protobuf')
  })

  test('HTTP Request: a POST with an ExportMetricsServiceRequest to /v1/metrics', async () => {
    const [request] = (await exchange('http')).requests
    expect(request).toMatchObject({ method: 'POST', path: '/v1/metrics' })
    expect(valueIn(request?.request ?? { resource_metrics: [] })).toBe(1)
  })

  test('HTTP Request: a body in gzip MUST say so', async () => {
    const [request] = (await exchange('http')).requests
    expect(request?.headers['content-encoding']).toBe('gzip')
    expect(request?.body.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]))
  })

  test('HTTP Request: MUST NOT retry on 413', async () => {
    const { values, dropped } = await exchange('http', { status: 413 })
    expect(values).toEqual([1, 2])
    expect(dropped('413')).toBe(1)
  })

  test('HTTP Request: SHOULD limit the size of a body before compression, to 20 MiB', async () => {
    const sizes = await sizesOf('http', 6, 3 * MIB)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20 * MIB)
    expect(sizes.length).toBeGreaterThan(1)
  })

  test('HTTP Partial Success: MUST NOT retry, and what was rejected is counted', async () => {
    const { values, sent, dropped, lines } = await exchange('http', {
      status: 200,
      body: partial(1, 'too old'),
    })
    expect({ values, sent, dropped: dropped('rejected') }).toEqual({
      values: [1, 2],
      sent: 1,
      dropped: 1,
    })
    expect(lines).toContain('too old')
  })

  test('HTTP Partial Success: a message without rejected points is a warning', async () => {
    const answer = { status: 200, body: partial(0, 'use v2') }
    const { values, sent, lines } = await exchange('http', answer)
    expect({ values, sent }).toEqual({ values: [1, 2], sent: 2 })
    expect(lines).toContain('warns: use v2')
  })

  test('HTTP Failures: SHOULD honour status codes, and the message of Status is recorded', async () => {
    const body = encodeMessage('Status', { code: 14, message: 'metrics are off' })
    const { values, lines } = await exchange('http', { status: 403, body })
    expect(values).toEqual([1, 2])
    expect(lines).toContain('answered 403: metrics are off')
  })

  test('Retryable Response Codes: 429, 502, 503 and 504 SHOULD be retried, with the same bytes', async () => {
    for (const status of [429, 502, 503, 504]) {
      const { requests, values, sent } = await exchange('http', { status }, { status })
      expect(values).toEqual([1, 1, 1, 2])
      expect(sent).toBe(2)
      const [first, ...others] = requests.map(({ body }) => body.toString('hex'))
      expect(others.slice(0, 2)).toEqual([first, first])
    }
  })

  test('Retryable Response Codes: all others MUST NOT be retried, 500 neither', async () => {
    for (const status of [401, 403, 404, 405, 408, 415, 422, 499, 500, 501, 505, 507, 599]) {
      const { values, dropped } = await exchange('http', { status })
      expect(values).toEqual([1, 2])
      expect(dropped(String(status))).toBe(1)
    }
  })

  test('Bad Data: MUST NOT retry on 400', async () => {
    const { values, dropped } = await exchange('http', { status: 400 })
    expect(values).toEqual([1, 2])
    expect(dropped('400')).toBe(1)
  })

  test('HTTP Throttling: SHOULD honour Retry-After', async () => {
    for (const status of [429, 503]) {
      const answer = { status, headers: { 'retry-after': '1' } }
      const { values, msBefore } = await exchange('http', answer)
      expect(values).toEqual([1, 1, 2])
      expect(msBefore(1)).toBeGreaterThan(950)
    }
  })

  test('HTTP Throttling: SHOULD wait longer with each retry where there is no Retry-After', async () => {
    const answers = Array.from({ length: 4 }, () => ({ status: 503 }))
    const { requests } = await exchange('http', ...answers)
    const spanMs = (requests[4]?.cameMs ?? 0) - (requests[0]?.cameMs ?? 0)
    expect(spanMs).toBeGreaterThan(0.9 * (30 + 60 + 120 + 240))
  })

  test('All Other Responses: SHOULD send the same request again where a server disconnects', async () => {
    await using receiver = await otlpReceiver('http')
    receiver.answerNext('hang')
    await using target = otlpSenderTo(receiver.endpoint)
    target.offer(moment(1))
    await receiver.asked(1)
    receiver.hangUp()
    await receiver.received(1)
    const [first, second] = receiver.requests.map(({ body }) => body.toString('hex'))
    expect(second).toBe(first)
    expect(reading(target.telemetry.sinkFailures, { reason: 'reset' })).toBe(1)
  })

  test('HTTP Connection: SHOULD connect again with a backoff that has a random jitter', async () => {
    const gone = await otlpReceiver('http')
    await gone[Symbol.asyncDispose]()
    await using target = otlpSenderTo(gone.endpoint)
    target.offer(moment(1))
    await until(() => reading(target.telemetry.sinkFailures, { reason: 'refused' }) >= 3)
    await using receiver = await otlpReceiver('http', Number(new URL(gone.endpoint).port))
    expect(await receiver.received(1)).toHaveLength(1)
    expect(backoffMs(3, 0)).toBeLessThan(backoffMs(3, 1))
  })

  test('HTTP Connection: SHOULD keep the connection between requests', async () => {
    const { requests } = await exchange('http')
    expect(requests.map(({ fromPort }) => fromPort)).toEqual([
      requests[0]?.fromPort,
      requests[0]?.fromPort,
    ])
    const overGrpc = (await exchange('grpc')).requests
    expect(overGrpc[1]?.fromPort).toBe(overGrpc[0]?.fromPort)
  })

  test('Multi-Destination Exporting: SHOULD queue and retry by destination, over shared data', async () => {
    await using hanging = await otlpReceiver('http')
    await using healthy = await otlpReceiver('grpc')
    hanging.answerAll('hang')
    await using sinks = await openSinks({
      sinks: {
        hanging: optionsTo(hanging.endpoint, 'http'),
        healthy: optionsTo(healthy.endpoint, 'grpc'),
      },
      version: '1.2.3',
      telemetry: createTelemetry('node-1', '1.2.3'),
      log: () => undefined,
    })
    for (const value of [1, 2, 3]) sinks.offer(moment(value))
    expect((await healthy.received(3)).map(({ value }) => value)).toEqual([1, 2, 3])
    hanging.endOutage()
    hanging.hangUp()
    expect((await hanging.received(3)).map(({ value }) => value)).toEqual([1, 2, 3])
  })

  test('Empty Telemetry Envelopes: SHOULD NOT be sent', () => {
    const encode = otlpEncoder({ version: '1.2.3', isKubernetes: true, maxBytes: MIB })
    for (const batch of agentBatches())
      for (const { scope_metrics: scopes } of decodeOtlp(encode(batch) ?? Buffer.alloc(0))
        .resource_metrics) {
        const points = scopes.flatMap(({ metrics }) =>
          metrics.map(metric => (metric.sum ?? metric.gauge)?.data_points.length ?? 0),
        )
        expect(Math.min(...points)).toBeGreaterThan(0)
      }
  })
})
