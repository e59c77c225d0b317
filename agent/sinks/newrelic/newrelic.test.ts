import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, assert, asyncProperty, constantFrom, nat } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { Series } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'
import { arrivedOf } from '../../test/sample.ts'
import { agentBatches } from '../test/conformance-sender.ts'
import { sinkContract } from '../test/contract.ts'
import type { Receiver } from '../test/contract.ts'
import type { Event } from '../test/event-receiver.ts'
import { eventReceiver, labelsOfSent, LICENSE_KEY } from '../test/event-receiver.ts'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from '../test/examples.ts'
import { NewRelicOptions } from './options.ts'
import { newRelic } from './newrelic.ts'
import type { Arrived } from '../test/write-request-decode.ts'
import { until } from '../test/write-receiver.ts'

// The real API cannot be reached from tests. What it says of itself stands in event-receiver.ts.

// Events of another day are refused, and those of the examples are of one.
beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'], now: EXAMPLE_MS }))
afterAll(() => void vi.useRealTimers())

type EventReceiver = Awaited<ReturnType<typeof eventReceiver>>

/** An open sink that sends to the receiver, what it counts and what it says. */
function senderTo({ options }: Pick<EventReceiver, 'options'>, settings: object = {}) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const lines: string[] = []
  const target = newRelic({
    name: 'nr',
    options: NewRelicOptions.parse({ ...options, ...settings }),
    version: '1.2.3',
    telemetry,
    log: line => lines.push(line),
  })
  const isIdle = () => reading(telemetry.sinkQueueSamples, {}) === 0
  return Object.assign(target, { telemetry, lines, idle: () => until(isIdle) })
}

/** A receiver of samples, as the contract wants it: what events say is added up again. */
async function listen(): Promise<Receiver> {
  const receiver = await eventReceiver()
  const samples = () => {
    let sum = 0
    return receiver.taken.map((event): Arrived => {
      sum += Number(event['bytes.tx'])
      const labels = labelsOfSent(event)
      return { labels, value: sum, timestampMs: event.timestamp, isStale: false }
    })
  }
  return {
    sink: { options: NewRelicOptions, open: newRelic },
    options: receiver.options,
    received: async count => {
      await receiver.received(count)
      return samples()
    },
    startOutage: () => receiver.answerAll({ status: 503 }),
    endOutage: () => receiver.answerAll({ status: 200 }),
    [Symbol.asyncDispose]: async () => {
      expect(receiver.faults).toEqual([])
      await receiver[Symbol.asyncDispose]()
    },
  }
}

// Events say what happened, and that a series ends is nothing that happens.
describe('events of New Relic', () => sinkContract(listen, { tellsEnds: false }))

const series = exampleSeries()
const moment = (value: number) => exampleSample(series, value, EXAMPLE_MS + value)

const sum = (events: readonly Event[], name: string) =>
  events.reduce((total, event) => total + Number(event[name] ?? 0), 0)

function withLabels(labels: Readonly<Record<string, string>>, name?: string): Series {
  const { metric, ...rest } = exampleSeries()
  return {
    ...rest,
    metric: name === undefined ? metric : { ...metric, name },
    target: Object.entries(labels),
  }
}

test('an event has the names of 2021, and says what its target moved since the one before', async () => {
  await using receiver = await eventReceiver()
  await using target = senderTo(receiver)
  const labels = {
    cluster: 'prod',
    container_id: 'f'.repeat(64),
    container_image: 'nginx:1.29',
    container_name: 'nginx',
    destination_ip: '192.0.2.7',
    destination_port: '443',
    k8s_namespace: 'shop',
    k8s_pod: 'web-1',
    k8s_workload: 'web',
    k8s_workload_kind: 'Deployment',
    process_cmd: 'nginx "worker"',
    process_pid: '4711',
    protocol: 'tcp',
    role: 'client',
    source_host: 'node-1',
  }
  const shared = Object.entries(labels)
  const of = (name: string) => ({ ...withLabels(labels, name), target: shared })
  const [sent, received] = [of('podatlas_transmit_bytes_total'), of('podatlas_receive_bytes_total')]
  const [rttSum, rttCount] = [
    of('podatlas_tcp_rtt_seconds_sum'),
    of('podatlas_tcp_rtt_seconds_count'),
  ]
  const refused = of('podatlas_connections_failed_total')
  const timedOut = of('podatlas_connections_failed_total')
  const values = (...all: number[]): [Series, number][] =>
    [sent, received, rttSum, rttCount, refused, timedOut].map((one, i) => [one, all[i] ?? 0])
  target.offer(exampleSamples(values(100, 7, 0.01, 4, 1, 2), EXAMPLE_MS))
  target.offer(exampleSamples(values(150, 7, 0.013, 5, 1, 3), EXAMPLE_MS + 10_000))
  const common = {
    eventType: 'ContainerVisibility',
    event: 'Close',
    cluster: 'prod',
    'container.id': 'f'.repeat(64),
    'container.image': 'nginx:1.29',
    'container.name': 'nginx',
    'destination.ip': '192.0.2.7',
    'destination.port': 443,
    'k8s.namespace': 'shop',
    'k8s.pod': 'web-1',
    'k8s.workload': 'web',
    'k8s.workload.kind': 'Deployment',
    'process.cmd': 'nginx "worker"',
    'process.pid': 4_711,
    protocol: 'tcp',
    role: 'client',
    'source.host': 'node-1',
    'tcp.retransmits': 0,
  }
  expect(await receiver.received(2)).toEqual([
    {
      ...common,
      timestamp: EXAMPLE_MS,
      'bytes.tx': 100,
      'bytes.rx': 7,
      'connections.failed': 3,
      'tcp.srtt': 2_500,
    },
    {
      ...common,
      timestamp: EXAMPLE_MS + 10_000,
      'bytes.tx': 50,
      'bytes.rx': 0,
      'connections.failed': 1,
      'tcp.srtt': 3_000,
    },
  ])
  expect(receiver.faults).toEqual([])
})

test('a target without traffic has no event', async () => {
  await using receiver = await eventReceiver()
  await using target = senderTo(receiver)
  const still = exampleSeries('web-2')
  for (const value of [0, 5, 5, 5, 6])
    target.offer(
      exampleSamples([
        [series, value],
        [still, 0],
      ]),
    )
  await target.idle()
  expect(receiver.taken.map(event => [event['k8s.pod'], event['bytes.tx']])).toEqual([
    ['web-1', 5],
    ['web-1', 1],
  ])
})

test('whatever it answers, the events of a target add up to its counters', async () => {
  const answers = constantFrom(200, 413, 429, 500, 503)
  const growth = array(nat(2 ** 40), { minLength: 3, maxLength: 3 })
  const ticks = array(growth, { minLength: 1, maxLength: 8 })
  await assert(
    asyncProperty(ticks, array(answers, { maxLength: 6 }), async (grown, statuses) => {
      await using receiver = await eventReceiver()
      receiver.answerNext(...statuses.map(status => ({ status, headers: { 'retry-after': '0' } })))
      await using target = senderTo(receiver)
      const pods = ['web-1', 'web-2', 'web-3'].map(pod => exampleSeries(pod))
      const totals = pods.map(() => 0)
      for (const amounts of grown) {
        amounts.forEach((amount, index) => (totals[index] = (totals[index] ?? 0) + amount))
        target.offer(exampleSamples(pods.map((pod, index) => [pod, totals[index] ?? 0])))
      }
      await target.idle()
      // A single event that is said to be too large is given up, and counted.
      const lost = reading(target.telemetry.sinkSamplesDropped, { reason: 'too_large' })
      const arrived = pods.map((_, index) =>
        sum(
          receiver.taken.filter(event => event['k8s.pod'] === `web-${index + 1}`),
          'bytes.tx',
        ),
      )
      if (lost === 0) expect(arrived).toEqual(totals)
      expect(receiver.taken.length + lost).toBe(grown.flat().filter(amount => amount > 0).length)
      expect(receiver.faults).toEqual([])
    }),
    { numRuns: 12 },
  )
})

test('of all that an agent offers, events tell the traffic, and tell it once', async () => {
  await using receiver = await eventReceiver()
  await using target = senderTo(receiver)
  // With the names of 2021, the agent's own metrics, and series that end.
  for (const batch of agentBatches()) target.offer(batch)
  await target.idle()
  const newest = new Map<string, number>()
  for (const { labels, value, isStale } of agentBatches().flatMap(arrivedOf)) {
    const { __name__: name, ...rest } = Object.fromEntries(labels)
    if (!isStale) newest.set(JSON.stringify([name, rest]), value)
  }
  const total = (name: string) =>
    [...newest].reduce((all, [key, value]) => all + (key.includes(`"${name}"`) ? value : 0), 0)
  expect(sum(receiver.taken, 'bytes.tx')).toBe(total('podatlas_transmit_bytes_total'))
  expect(sum(receiver.taken, 'bytes.tx')).toBeGreaterThan(0)
  expect(sum(receiver.taken, 'bytes.rx')).toBe(total('podatlas_receive_bytes_total'))
  expect(sum(receiver.taken, 'connections.failed')).toBe(total('podatlas_connections_failed_total'))
  expect(sum(receiver.taken, 'tcp.retransmits')).toBe(total('podatlas_tcp_retransmits_total'))
  expect(receiver.faults).toEqual([])
})

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

test('a key that is replaced in its file is used from the next request on', async () => {
  await using receiver = await eventReceiver()
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-key-'))
  const keyFile = join(folder.path, 'licenseKey')
  await using target = senderTo(receiver, { key: '', keyFile })
  target.offer(moment(1))
  await until(() => target.lines.length > 0)
  expect(target.lines[0]).toMatch(/keyFile: cannot read .*ENOENT/)
  writeFileSync(keyFile, `${LICENSE_KEY}\n`)
  await receiver.received(1)
  await target.idle()
  expect(reading(target.telemetry.sinkFailures, { reason: 'key_file' })).toBeGreaterThan(0)
  expect(reading(target.telemetry.sinkSamplesDropped, {})).toBe(0)
})

test.each<[string, object, RegExp]>([
  ['an account that is no number', { account: 'shop' }, /^✖ write the number.*\n  → at account$/],
  ['no account', { account: undefined }, /^✖ write the number.*\n  → at account$/],
  ['no key', { key: undefined }, /keyFile or key.*\n  → at key$/],
  ['a key twice', { keyFile: '/etc/key' }, /not both\n  → at keyFile$/],
  ['a key that fits no header', { key: 'a\nb' }, /characters.*\n  → at key$/],
  ['a region that there is none', { region: 'mars' }, /use US or EU.*\n  → at region$/],
  ['an endpoint without scheme', { endpoint: 'proxy:80' }, /use a URL like.*\n  → at endpoint$/],
  ['a login in the URL', { endpoint: 'http://u:p@proxy' }, /not the URL\n  → at endpoint$/],
  ['the header of the key', { headers: { 'API-Key': 'x' } }, /\n  → at headers\["API-Key"\]$/],
])('%s is one fault that names the setting', (_, changed, fault) => {
  const options = { type: 'newrelic', account: '42', key: 'k', ...changed }
  const { error } = NewRelicOptions.safeParse(options)
  expect(error ? z.prettifyError(error) : '').toMatch(fault)
})
