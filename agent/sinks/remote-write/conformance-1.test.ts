import { describe, expect, test } from 'vitest'
import { agentBatches, parallelMoments, pausesOf, senderTo } from '../test/conformance-sender.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries, reading } from '../test/examples.ts'
import { RemoteWriteOptions } from './options.ts'
import { encodeWriteRequest } from './encode-1.ts'
import { labelsOf } from '../series-labels.ts'
import { until, writeReceiver } from '../test/write-receiver.ts'
import { decodeWriteRequest, fieldsOf, plainOf } from '../test/write-request-decode.ts'

// One test for each MUST and SHOULD of a sender, by its section of
// https://prometheus.io/docs/specs/prw/remote_write_spec/
const series = exampleSeries()
const moment = (value: number) => exampleSample(series, value, EXAMPLE_MS + value)

async function decodedBatches() {
  return await Promise.all(
    agentBatches().map(batch => decodeWriteRequest(encodeWriteRequest(batch))),
  )
}

/** Lets a sender of 1.0 send one sample, and gives the request. */
async function oneRequest() {
  await using receiver = await writeReceiver()
  await using target = senderTo(receiver.endpoint, { protocol: '1.0' })
  target.offer(moment(1))
  const [request] = await receiver.asked(1)
  if (!request) throw new Error('no request came')
  return request
}

/** Answers the first request of 1.0 with a status, and gives all requests once the second sample is there. */
async function answered(status: number, text = '') {
  await using receiver = await writeReceiver()
  receiver.answerNext({ status, text })
  await using target = senderTo(receiver.endpoint, { protocol: '1.0' })
  target.offer(moment(1))
  target.offer(moment(2))
  await until(() => receiver.taken.some(({ value }) => value === 2))
  return { values: receiver.requests.map(({ samples }) => samples[0]?.value), target }
}

describe('Remote-Write 1.0', () => {
  test('Protocol: MUST encode a WriteRequest in the body of an HTTP POST to the provided path', async () => {
    const { method, path, samples } = await oneRequest()
    expect({ method, path }).toEqual({ method: 'POST', path: '/api/v1/write' })
    expect(samples).toMatchObject([{ value: 1 }])
  })

  test('Protocol: timestamps MUST be milliseconds since the epoch in int64', async () => {
    const [first] = (await oneRequest()).samples
    expect(first?.timestampMs).toBe(EXAMPLE_MS + 1)
  })

  test('Protocol: values MUST be float64', async () => {
    const values = [0.1, 2 ** 53 - 1, Number.MAX_VALUE, Number.MIN_VALUE, -Infinity]
    for (const value of values) {
      const [arrived] = await decodeWriteRequest(encodeWriteRequest(exampleSample(series, value)))
      expect(arrived?.value).toBe(value)
    }
  })

  test('Protocol: the four headers MUST be sent', async () => {
    expect((await oneRequest()).headers).toMatchObject({
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'user-agent': 'podatlas/1.2.3',
      'x-prometheus-remote-write-version': '0.1.0',
    })
  })

  test('Protocol: MUST NOT allow users to send reserved headers', () => {
    for (const name of [
      'Content-Encoding',
      'CONTENT-TYPE',
      'User-Agent',
      'X-Prometheus-Remote-Write-Version',
    ]) {
      const options = { type: 'prometheus', endpoint: 'http://a/', headers: { [name]: 'x' } }
      expect(RemoteWriteOptions.safeParse(options).error?.message).toContain(name)
    }
  })

  test("Protocol: snappy's block format MUST be used, the framed MUST NOT", async () => {
    const { body } = await oneRequest()
    expect(body.includes('sNaPpY')).toBe(false)
    expect(await decodeWriteRequest(body)).toHaveLength(1)
  })

  test('Protocol: the schema MUST be used: fields 2 and 3 of a request are reserved', async () => {
    for (const batch of agentBatches()) {
      const { numbers } = fieldsOf(await plainOf(encodeWriteRequest(batch)))
      expect(numbers).toEqual(new Set([1]))
    }
  })

  test('Protocol: MUST ignore the body of an answer', async () => {
    expect((await answered(200, 'error: out of order sample')).values).toEqual([1, 2])
  })

  test('Backward and forward compatibility: MUST send the version number in a header', async () => {
    expect((await oneRequest()).headers['x-prometheus-remote-write-version']).toBe('0.1.0')
  })

  test('Labels: the complete set MUST be sent with each sample', async () => {
    const decoded = await decodedBatches()
    expect(decoded.map(batch => batch.map(({ labels }) => labels))).toEqual(
      agentBatches().map(batch => batch.series.map(labelsOf)),
    )
  })

  test('Labels: SHOULD contain __name__', async () => {
    for (const { labels } of (await decodedBatches()).flat())
      expect(labels.filter(([name]) => name === '__name__')).toHaveLength(1)
  })

  test('Labels: MUST NOT contain repeated names', async () => {
    for (const { labels } of (await decodedBatches()).flat())
      expect(new Set(labels.map(([name]) => name)).size).toBe(labels.length)
  })

  test('Labels: names MUST be sorted in lexicographical order', async () => {
    for (const { labels } of (await decodedBatches()).flat()) {
      const names = labels.map(([name]) => Buffer.from(name))
      expect(names).toEqual(names.toSorted((left, right) => Buffer.compare(left, right)))
    }
  })

  test('Labels: MUST NOT contain empty names or values', async () => {
    for (const { labels } of (await decodedBatches()).flat())
      expect(labels.flat()).not.toContain('')
  })

  test('Labels: metric names MUST adhere to their pattern', async () => {
    for (const { labels } of (await decodedBatches()).flat())
      expect(Object.fromEntries(labels)['__name__']).toMatch(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/)
  })

  test('Labels: label names MUST adhere to their pattern', async () => {
    for (const { labels } of (await decodedBatches()).flat())
      for (const [name] of labels) expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
  })

  test('Labels: names that begin with "__" SHOULD NOT be used', async () => {
    for (const { labels } of (await decodedBatches()).flat())
      for (const [name] of labels) if (name !== '__name__') expect(name).not.toMatch(/^__/)
  })

  test('Labels: MUST NOT interpret the error message, and SHOULD log it as it is', async () => {
    const text = '{"status":"success","retry":true} out of order'
    const { values, target } = await answered(400, text)
    expect(values).toEqual([1, 2])
    expect(target.lines.join()).toContain(text)
  })

  test('Ordering: MUST send the samples of a series in the order of their timestamps', async () => {
    await using receiver = await writeReceiver()
    receiver.answerNext({ status: 503 }, { status: 204 }, { status: 429 })
    await using target = senderTo(receiver.endpoint, { protocol: '1.0' })
    for (const value of [1, 2, 3, 4]) target.offer(moment(value))
    expect((await receiver.received(4)).map(({ value }) => value)).toEqual([1, 2, 3, 4])
  })

  test('Out of Scope, Sharding: MUST preserve the order per series when requests are parallel', async () => {
    const { timesOfSeries, moments, isOvertaken } = await parallelMoments({ protocol: '1.0' })
    expect(isOvertaken).toBe(true)
    expect(timesOfSeries).toHaveLength(10_000)
    expect(timesOfSeries.filter(times => String(times) !== String(moments))).toEqual([])
  })

  test('Retries & Backoff: MUST retry on 5xx', async () => {
    for (const status of [500, 501, 502, 503, 504, 599])
      expect((await answered(status)).values).toEqual([1, 1, 2])
  })

  test('Retries & Backoff: MUST use a backoff algorithm', async () => {
    await using receiver = await writeReceiver()
    receiver.answerNext(...Array.from({ length: 4 }, () => ({ status: 503 })))
    await using target = senderTo(receiver.endpoint, { protocol: '1.0' })
    target.offer(moment(1))
    const pauses = pausesOf((await receiver.asked(5)).slice(0, 5))
    for (const [index, ms] of pauses.entries()) expect(ms).toBeGreaterThan(0.9 * 30 * 2 ** index)
  })

  test('Retries & Backoff: MUST NOT retry on 2xx', async () => {
    for (const status of [200, 202, 204, 299])
      expect((await answered(status)).values).toEqual([1, 2])
  })

  test('Retries & Backoff: MUST NOT retry on 4xx other than 429', async () => {
    for (const status of [400, 401, 403, 404, 408, 409, 413, 415, 422, 425, 499]) {
      const { values, target } = await answered(status)
      expect(values).toEqual([1, 2])
      expect(reading(target.telemetry.sinkSamplesDropped, { reason: String(status) })).toBe(1)
    }
  })

  test('Stale Markers: MUST be sent when a series will no longer be appended to', async () => {
    const samples = (await decodedBatches()).flat()
    const ofTraffic = samples.filter(({ labels }) =>
      /^podatlas_(?!agent)|^bytes/.test(labels[0]?.[1] ?? ''),
    )
    const begun = new Set(ofTraffic.map(({ labels }) => String(labels)))
    const ended = ofTraffic.filter(({ isStale }) => isStale)
    expect(begun.size).toBeGreaterThan(30)
    expect(new Set(ended.map(({ labels }) => String(labels)))).toEqual(begun)
  })

  test('Stale Markers: MUST be the NaN 0x7ff0000000000002', async () => {
    const ended = { timestampMs: EXAMPLE_MS, series: [series] }
    const plain = await plainOf(encodeWriteRequest(ended))
    expect(plain.includes(Buffer.from('09020000000000f07f10', 'hex'))).toBe(true)
  })

  test('Stale Markers: MUST NOT be used otherwise', async () => {
    const encoded = encodeWriteRequest(exampleSample(series, Number.NaN))
    expect(await decodeWriteRequest(encoded)).toMatchObject([{ value: Number.NaN, isStale: false }])
  })
})
