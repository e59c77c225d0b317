import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { noted } from '../http/outcome.ts'
import { judgeGrpc, judgeHttp } from '../otlp/outcome.ts'
import type { Outcome } from '../outcome.ts'
import {
  deliveryIn,
  moment,
  never,
  openDelivery,
  outage,
  taken,
  unanswered,
  valuesOf,
} from '../test/deliveries.ts'
import { exampleSamples, exampleSeries, reading } from '../test/examples.ts'
import { until } from '../test/write-receiver.ts'

const refused: Outcome = { kind: 'refused', reason: '400', detail: 'answered 400' }

/** Reason → samples. */
function droppedBy({ telemetry }: Pick<ReturnType<typeof openDelivery>, 'telemetry'>) {
  const { readings } = telemetry.sinkSamplesDropped
  return Object.fromEntries([...readings.values()].map(one => [one.labels.reason, one.value]))
}

/** Answers in turn, then takes everything. */
function inTurn(...answers: (Outcome | Error)[]): () => Promise<Outcome> {
  return async () => {
    const answer = answers.shift() ?? taken
    if (answer instanceof Error) throw answer
    return answer
  }
}

test.for<[string, (Outcome | Error)[], object]>([
  ['refused', [refused], { 400: 4 }],
  ['refused by who had answered before', [outage, refused], { 400: 4 }],
  ['refused after a request without an answer', [unanswered, refused], { unconfirmed: 4 }],
  ['refused later after such a one', [unanswered, outage, outage, refused], { unconfirmed: 4 }],
  [
    'refused in part after such a one',
    [unanswered, { kind: 'refused', reason: '400', detail: 'in part', written: 1 }],
    { unconfirmed: 3 },
  ],
  [
    'taken in part after such a one',
    [unanswered, { kind: 'taken', written: 1 }],
    { unconfirmed: 3 },
  ],
  [
    'refused in another form than the one without an answer',
    [unanswered, { kind: 'again', detail: 'in 1.0, please' }, refused],
    { unconfirmed: 4 },
  ],
  [
    'refused in halves, of which one went out without an answer',
    [{ kind: 'halve' }, unanswered, refused, refused],
    { unconfirmed: 2, 400: 2 },
  ],
  [
    'refused in halves after the whole went out without an answer',
    [unanswered, { kind: 'halve' }, refused, refused],
    { unconfirmed: 4 },
  ],
  ['what we stumble over after that', [unanswered, new Error('broken')], { unconfirmed: 4 }],
  ['taken after that', [unanswered, taken], {}],
])('%s: what may have arrived is not told as lost', async ([, answers, dropped]) => {
  await using target = openDelivery({ encode: valuesOf, send: inTurn(...answers) })
  target.offer(exampleSamples([1, 2, 3, 4].map(value => [exampleSeries(`p${value}`), value])))
  await until(() => reading(target.telemetry.sinkQueueSamples, {}) === 0)
  expect(droppedBy(target)).toEqual(dropped)
  const { sinkSamplesSent, sinkSamplesDropped } = target.telemetry
  expect(reading(sinkSamplesSent, {}) + reading(sinkSamplesDropped, {})).toBe(4)
})

test('at the end what hangs is in doubt, and what waits behind it is not', async () => {
  const target = openDelivery({ encode: valuesOf, send: never, flushMs: 50 })
  for (const value of [1, 2, 3]) target.offer(moment(value))
  await target[Symbol.asyncDispose]()
  expect(droppedBy(target)).toEqual({ unconfirmed: 1, shutdown: 2 })
  expect(target.lines).toContain(
    'sink main: stopped before the destination took everything; ' +
      'a request with them had no answer, and may have been taken; 1 samples dropped',
  )
})

test('a destination that was never reached is owed everything', async () => {
  const unreachable: Outcome = { kind: 'retry', reason: 'refused', detail: 'ECONNREFUSED' }
  const target = openDelivery({ encode: valuesOf, send: async () => unreachable, flushMs: 50 })
  for (const value of [1, 2]) target.offer(moment(value))
  await target[Symbol.asyncDispose]()
  expect(droppedBy(target)).toEqual({ shutdown: 2 })
})

test('what was refused behind a request that hangs is counted by the agent that has done with both', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-doubt-'))
  const two = exampleSamples([1, 2].map(value => [exampleSeries(`p${value}`), value]))
  let isRefused = false
  const first = deliveryIn(
    folder.path,
    async (batch, signal) => {
      if (valuesOf(batch)[0] === 1) return never(batch, signal)
      isRefused = true
      return refused
    },
    { flushMs: 0, maxParallel: 2, maxSamplesPerSend: 1 },
  )
  first.offer(two)
  await until(() => isRefused)
  await first[Symbol.asyncDispose]()
  expect(droppedBy(first)).toEqual({})
  await using next = deliveryIn(folder.path, async () => taken)
  await until(() => reading(next.telemetry.sinkSamplesSent, {}) === 2)
  expect(droppedBy(next)).toEqual({})
})

test.for([0, 1])(
  'after an end that left it unanswered, the first moment that is left is in doubt and no other: %i settled before',
  async settled => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-doubt-'))
    const answers = Array.from({ length: settled }, () => taken)
    const first = deliveryIn(
      folder.path,
      (batch, signal) => Promise.resolve(answers.shift() ?? never(batch, signal)),
      { flushMs: 50 },
    )
    for (const value of [1, 2, 3]) first.offer(moment(value))
    await first[Symbol.asyncDispose]()
    expect(droppedBy(first)).toEqual({})
    await using next = deliveryIn(folder.path, async () => refused)
    next.offer(moment(4))
    await until(() => reading(next.telemetry.sinkQueueSamples, {}) === 0)
    expect(droppedBy(next)).toEqual({ unconfirmed: 1, 400: 3 - settled })
  },
)

/** Of what was never said, and holds nothing. */
const EMPTY = { text: '', body: Buffer.alloc(0), sentBytes: 9, isUnanswered: false, redact: asIs }

test.for([
  [502, true],
  [503, false],
  [504, true],
] as const)(
  'HTTP %i: whether who answered may have asked the receiver before: %s',
  ([status, may]) => {
    const answer = { ...EMPTY, status, headers: {} }
    expect(noted(outage, answer).isUnanswered).toBe(may)
    expect(judgeHttp(answer, 'here', 1).outcome.isUnanswered).toBe(may)
  },
)

test.for([
  ['unavailable', true],
  ['deadline_exceeded', true],
  ['cancelled', true],
  ['aborted', false],
  ['resource_exhausted', false],
] as const)('gRPC %s: whether the call may have been taken nevertheless: %s', ([status, may]) => {
  const answer = { ...EMPTY, status, details: Buffer.alloc(0) }
  expect(judgeGrpc(answer, 'here', 1).outcome.isUnanswered).toBe(may)
})

function asIs(text: string): string {
  return text
}
