import { describe, expect, test } from 'vitest'
import { agentBatches } from '../test/conformance-sender.ts'
import { EXAMPLE_MS, exampleSample, exampleSeries } from '../test/examples.ts'
import { encodeRequest2 } from './encode-2.ts'
import { labelsOf } from '../series-labels.ts'
import { decodeRequest2, fieldsOf, messageOf2, plainOf } from '../test/write-request-decode.ts'

// One test for each MUST and SHOULD of a sender, by its section of
// https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ from "Protobuf Message" on.
const batches = agentBatches()
const series = exampleSeries()
const messages = await Promise.all(batches.map(batch => messageOf2(encodeRequest2(batch))))
const arrived = (
  await Promise.all(batches.map(batch => decodeRequest2(encodeRequest2(batch))))
).flat()
const labelSets = arrived.map(({ labels }) => labels)

describe('Remote-Write 2.0', () => {
  test('Request: fields 1 to 3, and field 6 of a series, are reserved', async () => {
    for (const batch of batches) {
      const { numbers, parts } = fieldsOf(await plainOf(encodeRequest2(batch)))
      expect(numbers).toEqual(new Set([4, 5]))
      for (const part of parts.slice(-batch.series.length))
        expect(fieldsOf(part).numbers).toEqual(new Set([1, 2, 5]))
    }
  })

  test('Request: timestamps MUST be milliseconds since the epoch in int64', () => {
    const expected = batches.flatMap(({ timestampMs, series: all }) => all.map(() => timestampMs))
    expect(arrived.map(({ timestampMs }) => timestampMs)).toEqual(expected)
  })

  test('Request: values MUST be float64', async () => {
    for (const value of [0.1, 2 ** 53 - 1, Number.MAX_VALUE, Number.MIN_VALUE, -Infinity, -0])
      expect(await decodeRequest2(encodeRequest2(exampleSample(series, value)))).toMatchObject([
        { value },
      ])
  })

  test('Request: labels_refs MUST be provided, two for each label', () => {
    for (const { labels_refs: refs } of messages.flatMap(({ timeseries }) => timeseries)) {
      expect(refs.length).toBeGreaterThan(0)
      expect(refs.length % 2).toBe(0)
    }
  })

  test('Request: samples MUST be provided, and not together with histograms', () => {
    for (const { samples, histograms } of messages.flatMap(({ timeseries }) => timeseries)) {
      expect(samples).toHaveLength(1)
      expect(histograms).toEqual([])
    }
  })

  test('Request: metadata SHOULD be provided, equal for all series of a name', () => {
    const known = new Map<string, string>()
    for (const { symbols, timeseries } of messages)
      for (const { labels_refs: refs, metadata } of timeseries) {
        expect([1, 2]).toContain(metadata.type)
        const texts = refs.map(ref => symbols[ref])
        const name = texts[texts.indexOf('__name__') + 1] ?? ''
        const about = [metadata.type, symbols[metadata.help_ref], symbols[metadata.unit_ref]].join(
          '|',
        )
        expect(known.get(name) ?? about).toBe(about)
        known.set(name, about)
      }
    expect(known.get('podatlas_transmit_bytes_total')).toMatch(/^1\|Payload bytes sent .*\|bytes$/)
    expect(known.get('podatlas_tcp_rtt_min_seconds')).toMatch(/^2\|Smallest .*\|seconds$/)
    expect(known.get('podatlas_connections_opened_total')).toMatch(/\|$/)
  })

  test('Symbols: MUST hold each string once', () => {
    for (const { symbols } of messages) expect(new Set(symbols).size).toBe(symbols.length)
  })

  test('Symbols: the first MUST be the empty string', () => {
    for (const { symbols } of messages) expect(symbols[0]).toBe('')
  })

  test('Symbols: references MUST point to one', () => {
    for (const { symbols, timeseries } of messages)
      for (const { labels_refs: refs, metadata } of timeseries)
        for (const ref of [...refs, metadata.help_ref, metadata.unit_ref])
          expect(ref).toBeLessThan(symbols.length)
  })

  test('Series Labels: the complete set MUST be sent with each sample', () => {
    expect(labelSets).toEqual(batches.flatMap(batch => batch.series.map(labelsOf)))
  })

  test('Series Labels: SHOULD contain __name__', () => {
    for (const labels of labelSets)
      expect(labels.filter(([name]) => name === '__name__')).toHaveLength(1)
  })

  test('Series Labels: MUST NOT contain repeated names', () => {
    for (const labels of labelSets)
      expect(new Set(labels.map(([name]) => name)).size).toBe(labels.length)
  })

  test('Series Labels: names MUST be sorted in lexicographical order', () => {
    for (const labels of labelSets) {
      const names = labels.map(([name]) => Buffer.from(name))
      expect(names).toEqual(names.toSorted((left, right) => Buffer.compare(left, right)))
    }
  })

  test('Series Labels: MUST NOT contain empty names or values', () => {
    for (const labels of labelSets) expect(labels.flat()).not.toContain('')
  })

  test('Series Labels: names and values MUST be UTF-8', async () => {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for (const pod of ['wéb-漢-🌍', 'half a pair \ud83c', 'é'.repeat(70)]) {
      const encoded = encodeRequest2(exampleSample(exampleSeries(pod), 1))
      for (const part of fieldsOf(await plainOf(encoded)).parts.slice(0, -1)) decoder.decode(part)
      const [one] = await decodeRequest2(encoded)
      expect(Object.fromEntries(one?.labels ?? [])['k8s_pod']).toBe(pod.toWellFormed())
    }
  })

  test('Series Labels: metric names SHOULD adhere to their pattern', () => {
    for (const labels of labelSets)
      expect(Object.fromEntries(labels)['__name__']).toMatch(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/)
  })

  test('Series Labels: label names SHOULD adhere to their pattern', () => {
    for (const [name] of labelSets.flat()) expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
  })

  test('Series Labels: names that begin with "__" SHOULD NOT be used', () => {
    for (const [name] of labelSets.flat()) if (name !== '__name__') expect(name).not.toMatch(/^__/)
  })

  test('Samples: MUST be sent in the order of their timestamps', () => {
    const lastMs = new Map<string, number>()
    for (const { labels, timestampMs } of arrived) {
      expect(timestampMs).toBeGreaterThan(lastMs.get(String(labels)) ?? 0)
      lastMs.set(String(labels), timestampMs)
    }
  })

  test('Samples: start_timestamp SHOULD be provided for counters, and is never later than the sample', () => {
    const starts = messages.flatMap(({ timeseries }) =>
      timeseries.map(({ samples: [sample], metadata }) => ({ ...sample, type: metadata.type })),
    )
    for (const { type, timestamp, start_timestamp: start } of starts) {
      if (type === 2) expect(start).toBe('0')
      else expect(Number(start)).toBeGreaterThan(0)
      expect(Number(start)).toBeLessThanOrEqual(Number(timestamp))
    }
    expect(starts.map(({ start_timestamp: start }) => start)).toEqual(
      batches.flatMap(({ series: all }) =>
        all.map(({ metric, startMs }) => (metric.type === 'counter' ? String(startMs) : '0')),
      ),
    )
  })

  test('Samples: stale markers MUST be sent when a series will no longer be appended to', () => {
    const ofTraffic = arrived.filter(({ labels }) =>
      /^podatlas_(?!agent)|^bytes/.test(labels[0]?.[1] ?? ''),
    )
    const ended = ofTraffic.filter(({ isStale }) => isStale).map(({ labels }) => String(labels))
    expect(ended.length).toBeGreaterThan(30)
    expect(new Set(ended)).toEqual(new Set(ofTraffic.map(({ labels }) => String(labels))))
  })

  test('Samples: stale markers MUST be the NaN 0x7ff0000000000002', async () => {
    const plain = await plainOf(encodeRequest2({ timestampMs: EXAMPLE_MS, series: [series] }))
    expect(plain.includes(Buffer.from('09020000000000f07f10', 'hex'))).toBe(true)
  })

  test('Samples: that NaN MUST NOT be used otherwise', async () => {
    const decoded = await decodeRequest2(encodeRequest2(exampleSample(series, Number.NaN)))
    expect(decoded).toMatchObject([{ value: Number.NaN, isStale: false }])
  })

  test('Metadata: type and help SHOULD follow the guidelines', () => {
    for (const { metric } of batches.flatMap(batch => batch.series)) {
      expect(metric.help).toMatch(/\w/)
      if (metric.name.endsWith('_total')) expect(metric.type).toBe('counter')
    }
  })
})
