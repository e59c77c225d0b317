import { expect, test } from 'vitest'
import type { Labels } from '../model.ts'
import { arrivedOf } from '../test/sample.ts'
import { EXAMPLE_MS, exampleSample, exampleSamples, exampleSeries } from './examples.ts'
import { encodeWriteRequest } from './remote-write-encode.ts'
import { decodeWriteRequest } from './write-receiver.ts'

async function decodedValues(values: readonly number[]): Promise<number[]> {
  const samples = exampleSamples(values.map((value, i) => [exampleSeries(`pod-${i}`), value]))
  return (await decodeWriteRequest(encodeWriteRequest(samples))).map(({ value }) => value)
}

test('another decoder reads the labels, values and timestamps that were written', async () => {
  const series = exampleSeries('pod-ü-漢-🌍')
  const samples = exampleSamples([
    [series, 1.5],
    [exampleSeries('b'), 2],
  ])
  expect(await decodeWriteRequest(encodeWriteRequest(samples))).toEqual(arrivedOf(samples))
})

test('every kind of number survives', async () => {
  const values = [0, 1, 0.1, -1, 2 ** 53 - 1, Number.MIN_VALUE, Number.MAX_VALUE, Infinity, NaN]
  expect(await decodedValues(values)).toEqual(values)
})

test.for([0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, EXAMPLE_MS, 2 ** 53 - 1])(
  'the timestamp %i survives',
  async timestampMs => {
    const [arrived] = await decodeWriteRequest(
      encodeWriteRequest(exampleSample(exampleSeries(), 1, timestampMs)),
    )
    expect(arrived?.timestampMs).toBe(timestampMs)
  },
)

test('a stale sample has the bits of the staleness marker, a NaN that is none has not', async () => {
  const series = [exampleSeries()]
  const stale = encodeWriteRequest({ timestampMs: EXAMPLE_MS, series })
  const nothing = encodeWriteRequest(exampleSample(exampleSeries(), NaN))
  expect(await decodeWriteRequest(stale)).toMatchObject([{ isStale: true }])
  expect(await decodeWriteRequest(nothing)).toMatchObject([{ isStale: false }])
})

test('labels of a metric stand among those of its target, sorted by name', async () => {
  const { metric, ...rest } = exampleSeries()
  const owns: Labels[] = [
    [['by', 'remote']],
    [
      ['event', 'Close'],
      ['reason', 'x'],
    ],
    [['zone', 'z-1']],
  ]
  for (const own of owns) {
    const one = { ...metric, labels: [...metric.labels, ...own] }
    const samples = exampleSample({ ...rest, metric: one }, 1)
    const [arrived] = await decodeWriteRequest(encodeWriteRequest(samples))
    const names = arrived?.labels.map(([name]) => name) ?? []
    expect(names).toEqual(names.toSorted())
    expect(arrived?.labels).toEqual(arrivedOf(samples)[0]?.labels)
  }
})

test('label values longer than snappy and varint steps survive', async () => {
  for (const length of [1, 60, 127, 128, 255, 256, 16_384, 70_000]) {
    const series = exampleSeries('x'.repeat(length))
    const [arrived] = await decodeWriteRequest(encodeWriteRequest(exampleSample(series, 1)))
    expect(Object.fromEntries(arrived?.labels ?? [])['k8s_pod']).toBe('x'.repeat(length))
  }
})

test('the same samples give the same bytes', () => {
  const samples = exampleSample(exampleSeries(), 1)
  expect(encodeWriteRequest(samples)).toEqual(encodeWriteRequest(samples))
})
