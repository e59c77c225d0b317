import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Series } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'
import type { Receiver } from '../test/contract.ts'
import { sinkContract } from '../test/contract.ts'
import { EXAMPLE_MS, exampleSamples, exampleSeries, reading } from '../test/examples.ts'
import { StdoutOptions } from './options.ts'
import { stdoutTo } from './stdout.ts'
import type { Arrived } from '../test/write-request-decode.ts'
import { until } from '../test/write-receiver.ts'

const Line = z.strictObject({
  timestamp: z.iso.datetime(),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  value: z.number().optional(),
  stale: z.literal(true).optional(),
})

/** A process at the other end of a real pipe, which hands back what it read. */
function reader() {
  const child = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', line => lines.push(line))
  return {
    sink: { options: StdoutOptions, open: stdoutTo(() => child.stdin) },
    lines,
    signal: (name: NodeJS.Signals) => child.kill(name),
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function listen(): Promise<Receiver> {
  const pipe = reader()
  return {
    sink: pipe.sink,
    options: { type: 'stdout', format: 'json' },
    received: async count => {
      await until(() => pipe.lines.length >= count)
      return pipe.lines.map(arrivedOf)
    },
    startOutage: () => pipe.signal('SIGSTOP'),
    endOutage: () => pipe.signal('SIGCONT'),
    [Symbol.asyncDispose]: pipe[Symbol.asyncDispose],
  }
}

function arrivedOf(line: string): Arrived {
  const { timestamp, name, labels, value, stale = false } = Line.parse(JSON.parse(line))
  return {
    labels: Object.entries({ __name__: name, ...labels }),
    value: value ?? Number.NaN,
    timestampMs: Date.parse(timestamp),
    isStale: stale,
  }
}

describe('stdout as JSON', () => sinkContract(listen))

describe('stdout with a reader that fails', () => {
  const options = { type: 'stdout', format: 'json', queueLimit: 100_000 } as const
  const series = Array.from({ length: 10_000 }, (_, i) => exampleSeries(`pod-${i}`))
  const many = exampleSamples(series.map((one, i) => [one, i]))

  test('a reader that went away costs counted samples and nothing else', async () => {
    await using pipe = reader()
    const telemetry = createTelemetry('node-1', '1.2.3')
    const lines: string[] = []
    await using target = pipe.sink.open({
      name: 'debug',
      options,
      version: '1.2.3',
      telemetry,
      log: line => lines.push(line),
    })
    pipe.signal('SIGKILL')
    await pipe.ended
    target.offer(many)
    const dropped = () => reading(telemetry.sinkSamplesDropped, { sink: 'debug', reason: 'closed' })
    await until(() => dropped() === series.length)
    expect(lines).toEqual([expect.stringMatching(/^sink debug: nobody reads: .*10000 samples/)])
  })

  test('a reader that pauses never holds up whoever offers, and gets the rest when it goes on', async () => {
    await using pipe = reader()
    const telemetry = createTelemetry('node-1', '1.2.3')
    const target = pipe.sink.open({
      name: 'debug',
      options: { ...options, queueLimit: 25_000 },
      version: '1.2.3',
      telemetry,
      log: () => undefined,
    })
    pipe.signal('SIGSTOP')
    for (const moment of [0, 1, 2]) target.offer({ ...many, timestampMs: EXAMPLE_MS + moment })
    const queueFull = { sink: 'debug', reason: 'queue_full' }
    expect(reading(telemetry.sinkSamplesDropped, queueFull)).toBe(5_000)
    pipe.signal('SIGCONT')
    await target[Symbol.asyncDispose]()
    await until(() => pipe.lines.length >= 25_000)
    expect(reading(telemetry.sinkSamplesSent, { sink: 'debug' })).toBe(25_000)
  })
})

function renamed(name: string, ...more: [string, string][]): Series {
  const { metric, ...rest } = exampleSeries('web-1')
  return { ...rest, metric: { ...metric, name, labels: [['__name__', name], ...more] } }
}

test('text says who moved how many bytes to where, and is silent about what stands still', async () => {
  await using pipe = reader()
  const target = pipe.sink.open({
    name: 'debug',
    options: { type: 'stdout', format: 'text', queueLimit: 100 },
    version: '1.2.3',
    telemetry: createTelemetry('node-1', '1.2.3'),
    log: () => undefined,
  })
  const moving = exampleSeries('web-1')
  const still = exampleSeries('web-2')
  const failing = renamed('podatlas_connections_failed_total', ['reason', 'refused'])
  const time = renamed('podatlas_tcp_rtt_seconds_sum')
  const offer = (seconds: number, ...values: [Series, number][]) =>
    target.offer(exampleSamples(values, EXAMPLE_MS + seconds * 1_000))
  offer(0, [moving, 0], [still, 0])
  offer(10, [moving, 12_345], [still, 0], [failing, 2], [time, 0.5])
  offer(20, [moving, 12_350], [still, 0])
  await target[Symbol.asyncDispose]()
  await until(() => pipe.lines.length >= 2)
  expect(pipe.lines.map(line => line.replaceAll(/ +/g, ' '))).toEqual([
    '2026-09-21T14:13:30Z web-1 -> 192.0.2.7:443 tcp transmit_bytes +12,345 connections_failed(refused) +2',
    '2026-09-21T14:13:40Z web-1 -> 192.0.2.7:443 tcp transmit_bytes +5',
  ])
})

test('a table has a header, aligned columns, and the most bytes first', async () => {
  await using pipe = reader()
  const target = pipe.sink.open({
    name: 'debug',
    options: { type: 'stdout', format: 'table', queueLimit: 100 },
    version: '1.2.3',
    telemetry: createTelemetry('node-1', '1.2.3'),
    log: () => undefined,
  })
  const failing = renamed('podatlas_connections_failed_total', ['reason', 'refused'])
  const values = [
    [exampleSeries('web-1'), 5],
    [exampleSeries('web-2'), 12_345],
    [failing, 2],
  ] as const
  target.offer(exampleSamples(values))
  target.offer(exampleSamples(values))
  await target[Symbol.asyncDispose]()
  await until(() => pipe.lines.length >= 5)
  expect(pipe.lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+Z$/)
  expect(pipe.lines.slice(1, 5)).toEqual([
    'LOCAL      REMOTE         PROTOCOL    SENT  RECEIVED  OPENED  FAILED  RESET  RESENT',
    'web-2  ->  192.0.2.7:443  tcp       12,345         0       0       0      0       0',
    'web-1  ->  192.0.2.7:443  tcp            5         0       0       0      0       0',
    'web-1  ->  192.0.2.7:443  tcp            0         0       0       2      0       0',
  ])
  expect(pipe.lines.filter(line => line.startsWith('LOCAL'))).toHaveLength(1)
})
