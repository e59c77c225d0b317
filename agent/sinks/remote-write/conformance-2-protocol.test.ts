import { describe, expect, test } from 'vitest'
import { parallelMoments, pausesOf, senderTo } from '../test/conformance-sender.ts'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from '../test/examples.ts'
import { RemoteWriteOptions } from './options.ts'
import type { Answering } from '../test/write-receiver.ts'
import { until, writeReceiver } from '../test/write-receiver.ts'
import { decodeRequest2, fieldsOf, plainOf } from '../test/write-request-decode.ts'

// One test for each MUST and SHOULD of a sender, by its section of
// https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ up to "Protobuf Message".
const CONTENT_TYPE_1 = 'application/x-protobuf'
const CONTENT_TYPE_2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request'
const series = exampleSeries()
const moment = (value: number) => exampleSample(series, value, EXAMPLE_MS + value)

/** Answers as told to a sender with the default protocol, until the samples 1 and 2 were taken or given up. */
async function exchange(...answers: Answering[]) {
  await using receiver = await writeReceiver()
  receiver.answerNext(...answers)
  await using target = senderTo(receiver.endpoint)
  for (const value of [1, 2]) target.offer(moment(value))
  await until(() => reading(target.telemetry.sinkQueueSamples, {}) === 0)
  const { sinkSamplesSent, sinkSamplesDropped } = target.telemetry
  return {
    requests: receiver.requests,
    values: receiver.requests.map(({ samples }) => samples[0]?.value),
    types: receiver.requests.map(({ headers }) => headers['content-type']),
    sent: reading(sinkSamplesSent, {}),
    dropped: (reason: string) => reading(sinkSamplesDropped, { reason }),
    lines: target.lines,
  }
}

/** What a receiver that knows 1.0 only gets. */
async function exchangeWithOld(old: 'refusing' | 'misreading', settings: object = {}) {
  await using receiver = await writeReceiver(0, old)
  await using target = senderTo(receiver.endpoint, settings)
  for (const value of [1, 2, 3]) target.offer(moment(value))
  await until(() => reading(target.telemetry.sinkQueueSamples, {}) === 0)
  const { sinkSamplesSent, sinkSamplesDropped } = target.telemetry
  return {
    requests: receiver.requests,
    versions: receiver.requests.map(({ headers }) => headers['x-prometheus-remote-write-version']),
    values: receiver.requests.map(({ samples }) => samples[0]?.value),
    sent: reading(sinkSamplesSent, {}),
    dropped: reading(sinkSamplesDropped, {}),
    lines: target.lines,
  }
}

describe('Remote-Write 2.0', () => {
  test('Protocol: the body MUST be a serialized and compressed Request in an HTTP POST to the provided path', async () => {
    const [request] = (await exchange()).requests
    expect(request).toMatchObject({ method: 'POST', path: '/api/v1/write' })
    expect(await decodeRequest2(request?.body)).toMatchObject([{ value: 1 }])
  })

  test('Protocol: SHOULD use io.prometheus.write.v2.Request when possible', async () => {
    const [request] = (await exchange()).requests
    expect(fieldsOf(await plainOf(request?.body)).numbers).toEqual(new Set([4, 5]))
  })

  test("Protocol: snappy's block format MUST be used, the framed MUST NOT", async () => {
    const [request] = (await exchange()).requests
    expect(request?.body.includes('sNaPpY')).toBe(false)
    expect((await plainOf(request?.body)).length).toBeGreaterThan(100)
  })

  test('Protocol: MUST send the reserved headers', async () => {
    const [request] = (await exchange()).requests
    const names = [
      'content-encoding',
      'content-type',
      'x-prometheus-remote-write-version',
      'user-agent',
    ]
    expect(Object.keys(request?.headers ?? {})).toEqual(expect.arrayContaining(names))
  })

  test('Protocol: MUST NOT allow users to send reserved headers', () => {
    for (const name of [
      'content-encoding',
      'Content-Type',
      'USER-AGENT',
      'X-Prometheus-Remote-Write-Version',
    ]) {
      const options = { type: 'prometheus', endpoint: 'http://a/', headers: { [name]: 'x' } }
      expect(RemoteWriteOptions.safeParse(options).error?.message).toContain(name)
    }
  })

  test('Content-Encoding: MUST be snappy', async () => {
    const [request] = (await exchange()).requests
    expect(request?.headers['content-encoding']).toBe('snappy')
  })

  test('Content-Type: MUST be application/x-protobuf with one of the two messages', async () => {
    expect((await exchange()).types).toEqual([CONTENT_TYPE_2, CONTENT_TYPE_2])
  })

  test('Content-Type: SHOULD be application/x-protobuf alone for 1.x receivers', async () => {
    const { requests } = await exchangeWithOld('refusing')
    expect(requests.slice(1).map(({ headers }) => headers['content-type'])).toEqual(
      Array.from({ length: 3 }, () => CONTENT_TYPE_1),
    )
  })

  test('X-Prometheus-Remote-Write-Version: MUST be 0.1.0 for 1.x receivers', async () => {
    const { versions } = await exchangeWithOld('refusing')
    expect(versions).toEqual(['2.0.0', '0.1.0', '0.1.0', '0.1.0'])
  })

  test('X-Prometheus-Remote-Write-Version: SHOULD be the newest otherwise', async () => {
    const [request] = (await exchange()).requests
    expect(request?.headers['x-prometheus-remote-write-version']).toBe('2.0.0')
  })

  test('User-Agent: MUST be sent, and SHOULD follow RFC 9110', async () => {
    const [request] = (await exchange()).requests
    expect(request?.headers['user-agent']).toMatch(/^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/)
  })

  test('Response: MUST ignore the body of a success', async () => {
    const { values, sent } = await exchange({ status: 200, text: 'error: rejected 1 sample' })
    expect({ values, sent }).toEqual({ values: [1, 2], sent: 2 })
  })

  test('Response: MUST NOT interpret an error message, and SHOULD log it as it is', async () => {
    const text = '{"retry":true} use application/x-protobuf'
    const { values, lines } = await exchange({ status: 400, text })
    expect(values).toEqual([1, 2])
    expect(lines.join()).toContain(text)
  })

  test('Written headers: what a 2xx or 4xx says is missing counts as lost', async () => {
    const { sent, dropped } = await exchange(
      {
        status: 204,
        headers: { 'x-prometheus-remote-write-exemplars-written': '0' },
        written: 'untold',
      },
      { status: 400, written: 1 },
    )
    expect([sent, dropped('not_written'), dropped('400')]).toEqual([1, 1, 0])
  })

  test('Written headers: missing ones MUST NOT count as 0 with the message of 1.0', async () => {
    const { sent, dropped } = await exchangeWithOld('refusing', { protocol: '1.0' })
    expect([sent, dropped]).toEqual([3, 0])
  })

  test('Written headers: SHOULD take a 2xx without any of them for a 415', async () => {
    const { versions, values, sent, dropped } = await exchangeWithOld('misreading')
    expect(versions).toEqual(['2.0.0', '0.1.0', '0.1.0', '0.1.0'])
    expect(values).toEqual([undefined, 1, 2, 3])
    expect([sent, dropped]).toEqual([3, 0])
  })

  test('Written headers: MUST NOT assume a version from the headers of an answer', async () => {
    const version = 'x-prometheus-remote-write-version'
    const { types } = await exchange({ status: 204, headers: { [version]: '0.1.0' } })
    expect(types).toEqual([CONTENT_TYPE_2, CONTENT_TYPE_2])
    const written = { 'x-prometheus-remote-write-samples-written': '1', [version]: '2.0.0' }
    const old = await exchange({ status: 415 }, { status: 204, headers: written })
    expect(old.types).toEqual([CONTENT_TYPE_2, CONTENT_TYPE_1, CONTENT_TYPE_1])
  })

  test('Partial Write: SHOULD send samples of many series in one request', async () => {
    await using receiver = await writeReceiver()
    await using target = senderTo(receiver.endpoint)
    const pods = Array.from({ length: 2_000 }, (_, i) => [exampleSeries(`p${i}`), i] as const)
    target.offer(exampleSamples(pods))
    await receiver.received(2_000)
    expect(receiver.requests).toHaveLength(1)
  })

  test('Unsupported Request Content: SHOULD expect a 400 of 1.x receivers: the log names the setting', async () => {
    const { values, types, lines, dropped } = await exchange({ status: 400 })
    expect(values).toEqual([1, 2])
    expect(types).toEqual([CONTENT_TYPE_2, CONTENT_TYPE_2])
    expect(dropped('400')).toBe(1)
    expect(lines.join()).toContain('set sinks.main.protocol to "1.0"')
  })

  test('Invalid Samples: MUST NOT retry on 4xx other than 429', async () => {
    for (const status of [400, 401, 403, 404, 408, 409, 413, 422, 425, 499]) {
      const { values, dropped } = await exchange({ status })
      expect(values).toEqual([1, 2])
      expect(dropped(String(status))).toBe(1)
    }
  })

  test('Invalid Samples: a 415 is retried with the same batch in the other content type, and never with the same', async () => {
    const { versions, values, sent, dropped } = await exchangeWithOld('refusing')
    expect(values).toEqual([undefined, 1, 2, 3])
    expect(versions.filter(version => version === '2.0.0')).toHaveLength(1)
    expect([sent, dropped]).toEqual([3, 0])
    const fixed = await exchangeWithOld('refusing', { protocol: '2.0' })
    expect(fixed.versions).toEqual(['2.0.0', '2.0.0', '2.0.0'])
    expect([fixed.sent, fixed.dropped]).toEqual([0, 3])
    expect(fixed.lines.join()).toContain('set sinks.main.protocol to "1.0"')
  })

  test('Samples: MUST be in the order of their timestamps when requests are parallel', async () => {
    const { timesOfSeries, moments, isOvertaken } = await parallelMoments({})
    expect(isOvertaken).toBe(true)
    expect(timesOfSeries).toHaveLength(10_000)
    expect(timesOfSeries.filter(times => String(times) !== String(moments))).toEqual([])
  })

  test('Retries & Backoff: MUST retry on 5xx', async () => {
    for (const status of [500, 501, 502, 503, 504, 599])
      expect((await exchange({ status }, { status })).values).toEqual([1, 1, 1, 2])
  })

  test('Retries & Backoff: MUST use a backoff algorithm', async () => {
    const { requests } = await exchange(...Array.from({ length: 4 }, () => ({ status: 503 })))
    const pauses = pausesOf(requests.slice(0, 5))
    for (const [index, ms] of pauses.entries()) expect(ms).toBeGreaterThan(0.9 * 30 * 2 ** index)
  })

  test('Retries & Backoff: 429 and Retry-After are obeyed', async () => {
    const { requests, values } = await exchange({ status: 429, headers: { 'retry-after': '1' } })
    expect(values).toEqual([1, 1, 2])
    expect((requests[1]?.cameMs ?? 0) - (requests[0]?.cameMs ?? 0)).toBeGreaterThan(950)
  })

  test('Retries on Partial Writes: the whole request comes again, with the same bytes', async () => {
    const { requests, sent } = await exchange(
      { status: 500, written: 1 },
      { status: 429, written: 0 },
    )
    const [first, ...others] = requests.map(({ body }) => body.toString('hex'))
    expect(others.slice(0, 2)).toEqual([first, first])
    expect(sent).toBe(2)
  })
})
