import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, assert, asyncProperty, constantFrom, nat } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Series } from '../../model.ts'
import { arrivedOf } from '../../test/sample.ts'
import { agentBatches } from '../test/conformance-sender.ts'
import { sinkContract } from '../test/contract.ts'
import type { Receiver } from '../test/contract.ts'
import { eventReceiver, labelsOfSent, LICENSE_KEY } from '../test/event-receiver.ts'
import { senderTo, sum, withLabels } from '../test/event-sender.ts'
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

/** A receiver of samples, as the contract wants it: what events say is added up again. */
async function listen(): Promise<Receiver> {
  const receiver = await eventReceiver()
  const samples = () => {
    let all = 0
    return receiver.taken.map((event): Arrived => {
      all += Number(event['bytes.tx'])
      const labels = labelsOfSent(event)
      return { labels, value: all, timestampMs: event.timestamp, isStale: false }
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
