import { describe, expect, test } from 'vitest'
import type { Labels } from '../../model.ts'
import { arrivedOf } from '../../test/sample.ts'
import { EXAMPLE_MS, exampleSample, exampleSamples, exampleSeries } from '../test/examples.ts'
import { encodeRequest2 } from './encode-2.ts'
import { encodeWriteRequest } from './encode-1.ts'
import { decodeRequest2, decodeWriteRequest } from '../test/write-request-decode.ts'

const versions = [
  { version: '1.0', encode: encodeWriteRequest, decode: decodeWriteRequest },
  { version: '2.0', encode: encodeRequest2, decode: decodeRequest2 },
]

describe.for(versions)('remote write $version', ({ encode, decode }) => {
  async function decodedValues(values: readonly number[]): Promise<number[]> {
    const samples = exampleSamples(values.map((value, i) => [exampleSeries(`pod-${i}`), value]))
    return (await decode(encode(samples))).map(({ value }) => value)
  }

  test('another decoder reads the labels, values and timestamps that were written', async () => {
    const series = exampleSeries('pod-ü-漢-🌍')
    const samples = exampleSamples([
      [series, 1.5],
      [exampleSeries('b'), 2],
    ])
    expect(await decode(encode(samples))).toEqual(arrivedOf(samples))
  })

  test('every kind of number survives', async () => {
    const values = [0, 1, 0.1, -1, 2 ** 53 - 1, Number.MIN_VALUE, Number.MAX_VALUE, Infinity, NaN]
    expect(await decodedValues(values)).toEqual(values)
  })

  test.for([0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, EXAMPLE_MS, 2 ** 53 - 1])(
    'the timestamp %i survives',
    async timestampMs => {
      const [arrived] = await decode(encode(exampleSample(exampleSeries(), 1, timestampMs)))
      expect(arrived?.timestampMs).toBe(timestampMs)
    },
  )

  test('a stale sample has the bits of the staleness marker, a NaN that is none has not', async () => {
    const series = [exampleSeries()]
    const stale = encode({ timestampMs: EXAMPLE_MS, series })
    const nothing = encode(exampleSample(exampleSeries(), NaN))
    expect(await decode(stale)).toMatchObject([{ isStale: true }])
    expect(await decode(nothing)).toMatchObject([{ isStale: false }])
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
      const [arrived] = await decode(encode(samples))
      const names = arrived?.labels.map(([name]) => name) ?? []
      expect(names).toEqual(names.toSorted())
      expect(arrived?.labels).toEqual(arrivedOf(samples)[0]?.labels)
    }
  })

  test('label values longer than snappy and varint steps survive', async () => {
    for (const length of [1, 60, 127, 128, 255, 256, 16_384, 70_000]) {
      const series = exampleSeries('x'.repeat(length))
      const [arrived] = await decode(encode(exampleSample(series, 1)))
      expect(Object.fromEntries(arrived?.labels ?? [])['k8s_pod']).toBe('x'.repeat(length))
    }
  })

  test('the same samples give the same bytes', () => {
    const samples = exampleSample(exampleSeries(), 1)
    expect(encode(samples)).toEqual(encode(samples))
  })

  test('more than 32 MB before compression is not encoded, just below it is', async () => {
    expect(encode(large(1_048_576))).toBeUndefined()
    expect(await decode(encode(large(1_048_000)))).toHaveLength(32)
  })
})

/** 32 samples with a label of so many characters each. */
function large(length: number) {
  return exampleSamples(
    Array.from({ length: 32 }, (_, i) => [exampleSeries(`${i}${'x'.repeat(length)}`), i]),
  )
}
