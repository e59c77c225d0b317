import { array, boolean, constantFrom, record, sample, type Arbitrary } from 'fast-check'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Samples } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'
import type { Receiver } from './contract.ts'
import { UNCONFIRMED } from '../sample-queue.ts'
import { exampleSamples, exampleSeries, reading } from './examples.ts'
import { makeAuthority, type Authority, type Pair } from './certificates.ts'
import { endpointOf, wrongIn } from './receiver-truth.ts'
import { anyFault } from './any-fault.ts'
import { grpcFront } from './fault-front-grpc.ts'
import { httpFront } from './fault-front-http.ts'
import { FAULTS_NAME, faultProxy, NAMED_FAULTS, type Fault } from './fault-proxy.ts'
import { until } from './write-receiver.ts'

const SERIES = 4
const TICK_MS = 15

type Schedule = {
  readonly faults: readonly Fault[]
  readonly isSecure: boolean
  readonly queueLimit: number
}

const schedule: Arbitrary<Schedule> = record({
  faults: array(anyFault, { minLength: 8, maxLength: 14 }),
  isSecure: boolean(),
  // A few moments, or all of them: in an outage some queues overflow.
  queueLimit: constantFrom(5 * SERIES, 1_000),
})

/** Each fault once, after something that passed: what does not happen proves nothing. */
const everything: readonly Fault[] = [
  ...NAMED_FAULTS.flatMap(one => ['passes' as const, one]),
  // A kept connection that is reset is replaced at once, without a word: the next one is not.
  'reset before it arrives',
  'reset before it arrives',
  ...[413, 415, 429, 500, 503].map(status => ({ status })),
  { status: 503, retryAfter: 'seconds' },
  { status: 429, retryAfter: 'date' },
]
const OF_CONNECTIONS = ['refused', 'dns', 'tls', 'network', 'reset', 'timeout']
const PROTOCOLS = {
  http: { front: httpFront, reasons: [...OF_CONNECTIONS, '429', '500', '503'] },
  grpc: {
    front: grpcFront,
    reasons: [...OF_CONNECTIONS, 'unavailable', 'internal', 'resource_exhausted'],
  },
} as const

type FaultOptions = {
  /** The same one gives the same schedules. */
  readonly seed: number
  /** How many random schedules there are. */
  readonly count?: number
  /** Whether the receiver can say that a series ended. */
  readonly tellsEnds?: boolean
  /** Whether it hears how much a counter moved, and not where it stands. */
  readonly tellsChanges?: boolean
  /** What the sink speaks. */
  readonly protocol?: keyof typeof PROTOCOLS
}

/**
 * What every sink keeps whatever happens between it and its receiver: what the receiver holds is what was
 * offered, but for the samples that the sink counted as dropped and some of those that it counted as unconfirmed, and
 * no series ever goes back in time.
 */
export function faultContract(
  listen: () => Promise<Receiver>,
  { seed, count = 12, tellsEnds = true, tellsChanges = false, protocol = 'http' }: FaultOptions,
): void {
  let authority: Authority
  beforeAll(() => {
    authority = makeAuthority()
  })
  afterAll(() => authority[Symbol.dispose]())

  test(`over random faults, seed ${seed}, nothing is lost but what is counted`, async () => {
    const tls = { pair: authority.issue(`DNS:${FAULTS_NAME}`), caFile: authority.caFile }
    const schedules: Schedule[] = [
      { faults: everything, isSecure: true, queueLimit: 1_000 },
      { faults: everything, isSecure: false, queueLimit: 5 * SERIES },
      ...sample(schedule, { seed, numRuns: count }),
    ]
    const ends = await Promise.all(
      schedules.map(one => survive(listen, one, tls, { tellsEnds, tellsChanges, protocol })),
    )
    const failed = ends.flatMap(({ wrong }, index) =>
      wrong.length === 0 ? [] : [{ seed, schedule: schedules[index], wrong }],
    )
    expect(failed).toEqual([])
    const reasons = ends.flatMap(end => end.reasons)
    expect(PROTOCOLS[protocol].reasons.filter(reason => !reasons.includes(reason))).toEqual([])
  }, 180_000) // waits between attempts grow where answers are late
}

type End = {
  /** What is wrong; nothing: the sink kept its word. */
  readonly wrong: readonly string[]
  /** Why requests failed. */
  readonly reasons: readonly string[]
}

type Certified = { readonly pair: Pair; readonly caFile: string }

async function survive(
  listen: () => Promise<Receiver>,
  { faults, isSecure, queueLimit }: Schedule,
  { pair, caFile }: Certified,
  { tellsEnds, tellsChanges, protocol }: Required<Omit<FaultOptions, 'seed' | 'count'>>,
): Promise<End> {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const { sinkSamplesSent, sinkSamplesDropped, sinkFailures } = telemetry
  await using receiver = await listen()
  await using proxy = await faultProxy({
    front: PROTOCOLS[protocol].front,
    target: endpointOf(receiver),
    faults,
    refusals: () => reading(sinkFailures, { reason: 'refused' }),
    ...(isSecure && { pair }),
  })
  const settings = { endpoint: proxy.url, queueLimit, timeout: '200ms' }
  const options = receiver.sink.options.parse({
    ...receiver.options,
    ...settings,
    ...(isSecure && { tls: { caFile } }),
  })
  const parts = { name: 'main', options, version: '1.2.3', telemetry, log: () => undefined }
  await using target = receiver.sink.open(parts)
  const offered: Samples[] = []
  const offer = (samples: Samples) => {
    offered.push(samples)
    target.offer(samples)
  }
  const series = Array.from({ length: SERIES }, (_, i) => exampleSeries(`web-${i}`))
  const startMs = Date.now() - 600_000
  let timestampMs = startMs
  while (proxy.left() > 0) {
    timestampMs += 1_000
    const values = series.map((one, i) => [one, timestampMs - startMs + i] as const)
    offer(exampleSamples(values, timestampMs))
    await pause(TICK_MS)
  }
  if (tellsEnds) offer({ timestampMs: timestampMs + 1_000, series: [series[0] ?? exampleSeries()] })
  const count = offered.reduce((sum, samples) => sum + samples.series.length, 0)
  await until(() => reading(sinkSamplesSent, {}) + reading(sinkSamplesDropped, {}) >= count)
  const held = await receiver.received(0)
  const reasons = [...sinkFailures.readings.values()].map(({ labels }) => labels.reason ?? '')
  const unconfirmed = reading(sinkSamplesDropped, { reason: UNCONFIRMED })
  const counted = {
    dropped: reading(sinkSamplesDropped, {}) - unconfirmed,
    unconfirmed,
    sent: reading(sinkSamplesSent, {}),
  }
  const told = tellsChanges ? offered.map(changesSince) : offered
  return { wrong: wrongIn(told, held, counted), reasons }
}

/** What moved since the moment before, which has the same series. */
function changesSince(moment: Samples, index: number, moments: readonly Samples[]): Samples {
  const { values = new Float64Array() } = moment
  const before = moments[index - 1]?.values
  return { ...moment, values: values.map((value, at) => value - (before?.[at] ?? 0)) }
}
