import { describe, expect, test } from 'vitest'
import { spoolContract } from '../test/contract.ts'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from '../test/examples.ts'
import { encodeMessage, pointsOf } from '../test/otlp-decode.ts'
import { OtlpOptions } from './options.ts'
import { otlpReceiver } from '../test/otlp-receiver.ts'
import { otlpSenderTo } from '../test/otlp-sender.ts'
import { otlp } from './otlp.ts'
import { mountSecret } from '../test/mounted-secret.ts'
import { until } from '../test/write-receiver.ts'

const protocols = ['http', 'grpc'] as const
const one = exampleSample(exampleSeries(), 1)

describe.for(protocols)('OTLP over %s', protocol => {
  spoolContract(async () => {
    const receiver = await otlpReceiver(protocol)
    return {
      ...receiver,
      sink: { options: OtlpOptions, open: otlp },
      options: { type: 'otlp', endpoint: receiver.endpoint, protocol },
    }
  })

  test('more than 2000 samples go in several requests, in order', async () => {
    await using receiver = await otlpReceiver(protocol)
    await using target = otlpSenderTo(receiver.endpoint, { protocol, maxParallel: 1 })
    const many = Array.from({ length: 4_500 }, (_, i) => [exampleSeries(`p${i}`), i] as const)
    target.offer(exampleSamples(many))
    const taken = await receiver.received(4_500)
    const sizes = receiver.requests.map(({ request }) => pointsOf(request).length)
    expect(sizes).toEqual([2_000, 2_000, 500])
    expect(taken.map(({ value }) => value)).toEqual(Array.from({ length: 4_500 }, (_, i) => i))
  })

  test('a request carries who sends it, headers of the settings and the credentials', async () => {
    await using receiver = await otlpReceiver(protocol)
    const headers = { 'X-Scope-OrgID': 'team-a' }
    using secret = mountSecret({ key: 'of-a-file' })
    await using basic = otlpSenderTo(receiver.endpoint, {
      protocol,
      headers,
      headerFiles: { 'Api-Key': secret.file('key') },
      username: 'müller',
      password: 'se:cret',
    })
    await using bearer = otlpSenderTo(receiver.endpoint, { protocol, token: 'abc' })
    basic.offer(one)
    await receiver.asked(1)
    bearer.offer(one)
    const [first, second] = (await receiver.asked(2)).map(request => request.headers)
    expect(first).toMatchObject({
      'user-agent': expect.stringMatching(/^podatlas\/1\.2\.3/),
      'x-scope-orgid': 'team-a',
      'api-key': 'of-a-file',
      authorization: `Basic ${Buffer.from('müller:se:cret').toString('base64')}`,
    })
    expect(second?.authorization).toBe('Bearer abc')
  })

  test('what a receiver repeats of a secret does not get into the log', async () => {
    await using receiver = await otlpReceiver(protocol)
    const status = protocol === 'http' ? 401 : 16
    const said = 'no such token: hunter2-hunter2'
    const body = protocol === 'http' ? encodeMessage('Status', { message: said }) : said
    receiver.answerNext({ status, body })
    await using target = otlpSenderTo(receiver.endpoint, { protocol, token: 'hunter2-hunter2' })
    target.offer(one)
    await until(() => target.lines.length > 0)
    expect(target.lines.join()).toContain('no such token: …')
    expect(target.lines.join()).not.toContain('hunter2')
  })

  test('a destination that is not there yet gets everything once it is', async () => {
    const before = await otlpReceiver(protocol)
    await before[Symbol.asyncDispose]()
    await using target = otlpSenderTo(before.endpoint, { protocol })
    target.offer(one)
    await until(() => reading(target.telemetry.sinkFailures, { reason: 'refused' }) >= 2)
    await using receiver = await otlpReceiver(protocol, Number(new URL(before.endpoint).port))
    expect(await receiver.received(1)).toHaveLength(1)
  })

  test('a destination that hangs is given up after the time limit, and asked again', async () => {
    await using receiver = await otlpReceiver(protocol)
    receiver.answerNext('hang')
    await using target = otlpSenderTo(receiver.endpoint, { protocol, timeout: '200ms' })
    target.offer(one)
    const taken = await receiver.received(1)
    // On a machine that is slow enough, an answer comes too late more than once.
    expect(new Set(taken.map(({ value }) => value))).toEqual(new Set([1]))
    expect(reading(target.telemetry.sinkFailures, { reason: 'timeout' })).toBeGreaterThan(0)
    expect(target.lines.join()).toContain('nothing in 0.2 s')
  })

  test('without compression the same arrives', async () => {
    await using receiver = await otlpReceiver(protocol)
    await using target = otlpSenderTo(receiver.endpoint, { protocol, compression: 'none' })
    target.offer(one)
    expect(await receiver.received(1)).toMatchObject([{ value: 1 }])
    expect(receiver.requests[0]?.headers).not.toHaveProperty('content-encoding')
  })

  test('a batch above what receivers take arrives in several requests, a sample above it is dropped', async () => {
    await using receiver = await otlpReceiver(protocol)
    await using target = otlpSenderTo(receiver.endpoint, { protocol })
    // The name stands there twice: in the id of its resource, too.
    const limit = protocol === 'http' ? 20 * 1_048_576 : 4 * 1_048_576
    const third = Array.from(
      { length: 4 },
      (_, i) => [exampleSeries('x'.repeat(limit / 6 + i)), i] as const,
    )
    target.offer(exampleSamples(third))
    target.offer(exampleSample(exampleSeries('x'.repeat(limit / 2)), 1, EXAMPLE_MS + 1))
    target.offer(exampleSample(exampleSeries(), 4, EXAMPLE_MS + 2))
    const taken = await receiver.received(5)
    expect(taken.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4])
    expect(reading(target.telemetry.sinkSamplesDropped, { reason: 'too_large' })).toBe(1)
  })
})

test.for([
  ['', '/v1/metrics'],
  ['/', '/v1/metrics'],
  ['/v1/metrics', '/v1/metrics'],
  ['/api/v1/otlp', '/api/v1/otlp/v1/metrics'],
  ['/otlp/?key=a', '/otlp/v1/metrics?key=a'],
  ['/otlp/v1/metrics?key=a', '/otlp/v1/metrics?key=a'],
])('an endpoint with the path "%s" is asked at %s', async ([path, asked]) => {
  await using receiver = await otlpReceiver('http')
  await using target = otlpSenderTo(`${receiver.endpoint}${path}`)
  target.offer(one)
  const [request] = await receiver.asked(1)
  expect(request?.path).toBe(asked)
})

test.for(protocols)('an endpoint of host:port is plain %s', async protocol => {
  await using receiver = await otlpReceiver(protocol)
  await using target = otlpSenderTo(new URL(receiver.endpoint).host, { protocol })
  target.offer(one)
  expect(await receiver.received(1)).toHaveLength(1)
})

test('a page of HTML with status 200 is no success: the endpoint is not one of OTLP', async () => {
  await using receiver = await otlpReceiver('http')
  receiver.answerNext({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: '<p>Hello',
  })
  await using target = otlpSenderTo(receiver.endpoint)
  target.offer(one)
  await until(() => reading(target.telemetry.sinkSamplesDropped, { reason: 'not_otlp' }) === 1)
  expect(target.lines.join()).toContain('is it an endpoint of OTLP?')
})

test('a redirect is not followed, and the log names the setting', async () => {
  await using receiver = await otlpReceiver('http')
  receiver.answerNext({ status: 307, headers: { location: 'http://elsewhere.example/' } })
  await using target = otlpSenderTo(receiver.endpoint)
  target.offer(one)
  await until(() => reading(target.telemetry.sinkSamplesDropped, { reason: '307' }) === 1)
  expect(target.lines.join()).toContain('set endpoint to where it redirects')
})

test('gRPC on a port that speaks HTTP/1.1 is a failure that is counted, and tried again', async () => {
  await using receiver = await otlpReceiver('http')
  await using target = otlpSenderTo(receiver.endpoint, { protocol: 'grpc' })
  target.offer(one)
  await until(() => reading(target.telemetry.sinkFailures, {}) >= 2)
  expect(reading(target.telemetry.sinkSamplesDropped, {})).toBe(0)
})
