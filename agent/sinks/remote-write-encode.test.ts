import { expect, test } from 'vitest'
import type { Sample } from '../model.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries } from './examples.ts'
import { encodeWriteRequest } from './remote-write-encode.ts'
import { decodeWriteRequest } from './write-receiver.ts'

async function decodedValues(values: readonly number[]): Promise<number[]> {
  const samples = values.map((value, i) => exampleSample(exampleSeries(`pod-${i}`), value))
  return (await decodeWriteRequest(encodeWriteRequest(samples))).map(({ value }) => value)
}

test('another decoder reads the labels, values and timestamps that were written', async () => {
  const series = exampleSeries('pod-ü-漢-🌍')
  const samples = [exampleSample(series, 1.5), exampleSample(exampleSeries('b'), 2, 1)]
  expect(await decodeWriteRequest(encodeWriteRequest(samples))).toEqual(
    samples.map(({ series: { labels }, value, timestampMs, isStale }) => ({
      labels,
      value,
      timestampMs,
      isStale,
    })),
  )
})

test('every kind of number survives', async () => {
  const values = [0, 1, 0.1, -1, 2 ** 53 - 1, Number.MIN_VALUE, Number.MAX_VALUE, Infinity, NaN]
  expect(await decodedValues(values)).toEqual(values)
})

test.for([0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, EXAMPLE_MS, 2 ** 53 - 1])(
  'the timestamp %i survives',
  async timestampMs => {
    const [arrived] = await decodeWriteRequest(
      encodeWriteRequest([exampleSample(exampleSeries(), 1, timestampMs)]),
    )
    expect(arrived?.timestampMs).toBe(timestampMs)
  },
)

test('a stale sample has the bits of the staleness marker, a NaN that is none has not', async () => {
  const stale: Sample = { ...exampleSample(exampleSeries('a'), 3), isStale: true }
  const samples = [stale, exampleSample(exampleSeries('b'), NaN)]
  const decoded = await decodeWriteRequest(encodeWriteRequest(samples))
  expect(decoded.map(({ isStale }) => isStale)).toEqual([true, false])
})

test('label values longer than snappy and varint steps survive', async () => {
  for (const length of [1, 60, 127, 128, 255, 256, 16_384, 70_000]) {
    const series = exampleSeries('x'.repeat(length))
    const [arrived] = await decodeWriteRequest(encodeWriteRequest([exampleSample(series, 1)]))
    expect(arrived?.labels).toEqual(series.labels)
  }
})

test('the same samples give the same bytes', () => {
  const samples = [exampleSample(exampleSeries(), 1)]
  expect(encodeWriteRequest(samples)).toEqual(encodeWriteRequest(samples))
})
