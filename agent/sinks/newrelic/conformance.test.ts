import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventReceiver, LICENSE_KEY } from '../test/event-receiver.ts'
import { senderTo, sum, withLabels } from '../test/event-sender.ts'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from '../test/examples.ts'
import { NewRelicOptions } from './options.ts'

// Events of another day are refused, and those of the examples are of one.
beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'], now: EXAMPLE_MS }))
afterAll(() => void vi.useRealTimers())

const series = exampleSeries()
const moment = (value: number) => exampleSample(series, value, EXAMPLE_MS + value)

describe('New Relic Event API', () => {
  test('Limits: 1 MB (10^6 bytes) maximum per POST', async () => {
    await using receiver = await eventReceiver()
    await using target = senderTo(receiver)
    const long = Array.from({ length: 700 }, (_, i) => exampleSeries(`${i}-${'x'.repeat(3_000)}`))
    target.offer(exampleSamples(long.map(one => [one, 1])))
    await receiver.received(700)
    expect(receiver.faults).toEqual([])
    expect(receiver.requests.length).toBeGreaterThan(2)
  })

  test('Limits: 2,000 events per POST', async () => {
    await using receiver = await eventReceiver()
    await using target = senderTo(receiver)
    const many = Array.from({ length: 5_000 }, (_, i) => exampleSeries(`pod-${i}`))
    target.offer(exampleSamples(many.map((one, i) => [one, i + 1])))
    await target.idle()
    expect(receiver.faults).toEqual([])
    expect(sum(receiver.taken, 'bytes.tx')).toBe((5_000 * 5_001) / 2)
  })

  test('Limits: the payload must be encoded as UTF-8', async () => {
    await using receiver = await eventReceiver()
    await using target = senderTo(receiver)
    target.offer(exampleSample(exampleSeries('wéb-漢-🌍-\ud83c'), 1))
    await target.idle()
    expect(receiver.taken.map(event => event['k8s.pod'])).toEqual(['wéb-漢-🌍-\ud83c'])
  })

  test.each([
    ['plain', 'x'.repeat(5_000), 'x'.repeat(4_096)],
    ['with half a character at the cut', `${'x'.repeat(4_095)}🌍`, 'x'.repeat(4_095)],
  ])('Limits: 4,096 characters of a value; what is cut is counted (%s)', async (_, value, cut) => {
    await using receiver = await eventReceiver()
    await using target = senderTo(receiver)
    const long = exampleSeries(value)
    for (const amount of [1, 2]) target.offer(exampleSample(long, amount))
    const events = await receiver.received(2)
    expect(events.map(event => event['k8s.pod'])).toEqual([cut, cut])
    expect(reading(target.telemetry.sinkValuesCut, { sink: 'nr' })).toBe(1)
  })

  test('Limits: 254 attributes per event, so that labels nobody foresaw stay out', async () => {
    await using receiver = await eventReceiver()
    await using target = senderTo(receiver)
    const labels = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`label_${i}`, 'x']))
    target.offer(exampleSample(withLabels({ ...labels, k8s_pod: 'web-1' }), 1))
    const [event] = await receiver.received(1)
    expect(event).toMatchObject({ 'k8s.pod': 'web-1', 'bytes.tx': 1 })
  })

  test('Timestamp: an integer within the last 24 hours; what is older is counted, not sent', async () => {
    await using receiver = await eventReceiver()
    await using target = senderTo(receiver)
    target.offer(exampleSample(series, 1, EXAMPLE_MS - 25 * 3_600_000))
    target.offer(exampleSample(series, 3, EXAMPLE_MS))
    await target.idle()
    expect(receiver.taken.map(event => event['bytes.tx'])).toEqual([2])
    expect(reading(target.telemetry.sinkSamplesDropped, { reason: 'too_old' })).toBe(1)
    expect(receiver.faults).toEqual([])
  })

  test('Submit: POST of gzipped JSON to the account, with the key in Api-Key only', async () => {
    await using receiver = await eventReceiver()
    await using target = senderTo(receiver)
    target.offer(moment(1))
    await receiver.received(1)
    expect(receiver.requests[0]?.headers).toMatchObject({
      'api-key': LICENSE_KEY,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'user-agent': 'podatlas/1.2.3',
    })
    expect(receiver.requests[0]?.headers['x-insert-key']).toBeUndefined()
  })

  test.each([
    ['US', 'https://insights-collector.newrelic.com/v1/accounts/1234567/events'],
    ['us', 'https://insights-collector.newrelic.com/v1/accounts/1234567/events'],
    ['EU', 'https://insights-collector.eu01.nr-data.net/v1/accounts/1234567/events'],
    ['eU', 'https://insights-collector.eu01.nr-data.net/v1/accounts/1234567/events'],
    [undefined, 'https://insights-collector.newrelic.com/v1/accounts/1234567/events'],
  ])('Regions: %s', (region, url) => {
    const options = { type: 'newrelic', account: 1_234_567, key: 'k', ...(region && { region }) }
    expect(NewRelicOptions.parse(options).endpoint).toBe(url)
  })

  test('Regions: any other one, or a proxy, by its URL', () => {
    const endpoint = 'https://gov-insights-collector.newrelic.com/'
    const options = { type: 'newrelic', account: '42', key: 'k', endpoint }
    const url = 'https://gov-insights-collector.newrelic.com/v1/accounts/42/events'
    expect(NewRelicOptions.parse(options).endpoint).toBe(url)
  })

  test.each([408, 429, 500, 502, 503, 504])(
    'Errors: %i is tried again, with the same events',
    async status => {
      await using receiver = await eventReceiver()
      receiver.answerNext({ status }, { status })
      await using target = senderTo(receiver)
      target.offer(moment(1))
      await target.idle()
      const [first, ...again] = receiver.requests.map(({ events }) => events)
      expect(again).toEqual([first, first])
      expect(receiver.taken).toEqual(first)
      expect(reading(target.telemetry.sinkSamplesDropped, {})).toBe(0)
    },
  )

  test.each([400, 401, 404, 405, 409, 410, 411, 415])(
    'Errors: %i is not, and is counted',
    async status => {
      await using receiver = await eventReceiver()
      receiver.answerNext({ status, text: 'nonsense' })
      await using target = senderTo(receiver)
      for (const value of [1, 3]) target.offer(moment(value))
      await target.idle()
      expect(receiver.requests).toHaveLength(2)
      expect(receiver.taken.map(event => event['bytes.tx'])).toEqual([2])
      expect(reading(target.telemetry.sinkSamplesDropped, { reason: `${status}` })).toBe(1)
      expect(target.lines).toEqual([expect.stringContaining(`answered ${status}: nonsense`)])
    },
  )

  test('Errors: 403 names the setting of the key, and never the key', async () => {
    await using receiver = await eventReceiver()
    await using target = senderTo(receiver, { key: 'wrong-key-7f3a' })
    target.offer(moment(1))
    await target.idle()
    expect(reading(target.telemetry.sinkSamplesDropped, { reason: '403' })).toBe(1)
    expect(target.lines).toEqual([
      expect.stringMatching(
        /403: Invalid license key; sinks\.nr\.key must be a license key of account 1234567/,
      ),
    ])
    expect(target.lines.join()).not.toContain('7f3a')
  })

  test('Errors: after 413 each half is sent by itself, and of a single event is counted', async () => {
    await using receiver = await eventReceiver()
    receiver.answerNext({ status: 413 }, { status: 413 })
    await using target = senderTo(receiver)
    const pods = ['a', 'b', 'c'].map(pod => exampleSeries(pod))
    target.offer(exampleSamples(pods.map(pod => [pod, 1])))
    await target.idle()
    expect(receiver.taken.map(event => event['k8s.pod'])).toEqual(['b', 'c'])
    expect(reading(target.telemetry.sinkSamplesDropped, { reason: 'too_large' })).toBe(1)
  })

  test('Errors: 429 is tried again no sooner than Retry-After says', async () => {
    await using receiver = await eventReceiver()
    receiver.answerNext({ status: 429, headers: { 'retry-after': '1' } })
    await using target = senderTo(receiver)
    target.offer(moment(1))
    await receiver.received(1)
    const [first = 0, second = 0] = receiver.requests.map(({ cameMs }) => cameMs)
    expect(second - first).toBeGreaterThanOrEqual(990)
  })
})
