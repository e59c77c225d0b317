import { mkdtempDisposableSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Samples } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'
import { startDelivery } from './delivery.ts'
import type { Outcome } from '../outcome.ts'
import { EXAMPLE_MS, exampleSamples, exampleSeries, reading } from '../test/examples.ts'
import { seriesKey } from '../series-labels.ts'

const names = Array.from({ length: 7 }, (_, i) => exampleSeries(`p${i}`))

const outcomes = fc.constantFrom<Outcome['kind'] | 'written-less'>(
  'taken',
  'taken',
  'retry',
  'refused',
  'written-less',
  'halve',
)
/** What a life of the agent sees: offers (how many series), each followed by so many turns of the loop, and its end. */
const lives = fc.array(
  fc.record({
    offers: fc.array(fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 6 })), {
      maxLength: 25,
    }),
    outcomes: fc.array(outcomes, { minLength: 1, maxLength: 12 }),
    end: fc.constantFrom('orderly', 'killed', 'torn'),
    isUp: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
)
const settings = fc.record({
  maxParallel: fc.integer({ min: 1, max: 4 }),
  maxSamplesPerSend: fc.integer({ min: 1, max: 8 }),
  queueLimit: fc.integer({ min: 1, max: 40 }),
  maxBytes: fc.constantFrom(6_000, 20_000, 2 ** 20),
})

type Generated<From> = From extends fc.Arbitrary<infer One> ? One : never

/** The end comes when some of the first moment of a segment is settled. */
const leftInItsSecondSegment: [Generated<typeof lives>, Generated<typeof settings>] = [
  [
    {
      offers: [
        [4, 0],
        [3, 0],
      ],
      outcomes: ['taken', 'taken', 'retry', 'taken'],
      end: 'orderly',
      isUp: true,
    },
  ],
  { maxParallel: 2, maxSamplesPerSend: 2, queueLimit: 1, maxBytes: 6_000 },
]

/**
 * A destination that keeps books of its own: the newest stamp of each series, and what it took how often.
 * Like Prometheus, it takes an exact copy of the newest sample again and refuses to go back.
 */
function books() {
  const newest = new Map<string, number>()
  const seen = new Set<string>()
  let wentBack = 0
  return {
    take: ({ timestampMs, series }: Samples) => {
      for (const one of series) {
        const key = seriesKey(one)
        if (timestampMs < (newest.get(key) ?? 0)) wentBack += 1
        newest.set(key, timestampMs)
        seen.add(`${key} ${timestampMs}`)
      }
    },
    seen,
    wentBack: () => wentBack,
  }
}

test('over any outcomes, ends and bounds nothing is out of order, and nothing is lost that was not counted', async () => {
  await fc.assert(
    fc.asyncProperty(lives, settings, async (plan, { maxBytes, ...bounds }) => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-any-'))
      const receiver = books()
      let [offered, dropped, torn] = [0, 0, 0]
      let stamp = EXAMPLE_MS
      const last = { offers: [], outcomes: ['taken' as const], end: 'orderly' as const, isUp: true }
      for (const [index, life] of [...plan, last].entries()) {
        const isLast = index === plan.length
        const telemetry = createTelemetry('node-1', '1.2.3')
        const giveUp = new AbortController()
        let turn = 0
        const send = async (batch: Samples): Promise<Outcome> => {
          await new Promise(setImmediate)
          // A process that was killed sends no more.
          if (giveUp.signal.aborted) return new Promise(() => {})
          const kind = life.isUp || isLast ? life.outcomes[turn++ % life.outcomes.length] : 'retry'
          const count = batch.series.length
          if (kind === 'retry') return { kind, reason: '503', detail: '', retryAfterMs: 0 }
          if (kind === 'refused') return { kind, reason: '400', detail: '' }
          if (kind === 'halve' && count > 1) return { kind }
          if (kind === 'written-less' && count > 1) {
            receiver.take({ ...batch, series: batch.series.slice(1) })
            return { kind: 'taken', written: count - 1 }
          }
          receiver.take(batch)
          return { kind: 'taken' }
        }
        const sink = startDelivery({
          name: 'main',
          telemetry,
          log: () => {},
          encode: batch => batch,
          send,
          flushMs: isLast ? 15_000 : 5,
          spool: { directory: folder.path, maxBytes, maxAgeMs: 1e12 },
          ...bounds,
        })
        for (const [count, turns] of life.offers) {
          stamp += 10
          sink.offer(
            exampleSamples(
              names.slice(0, count).map(one => [one, stamp]),
              stamp,
            ),
          )
          offered += count
          for (let i = 0; i < turns; i++) await new Promise(setImmediate)
        }
        if (life.end === 'orderly') await sink[Symbol.asyncDispose]()
        giveUp.abort()
        dropped += reading(telemetry.sinkSamplesDropped, {})
        if (life.end === 'torn') torn += tear(folder.path)
        // Such as a moment in the hand whose segment had to make room: it dies with its process.
        const { sinkQueueSamples, sinkSpoolSamples } = telemetry
        const inMemoryOnly = reading(sinkQueueSamples, {}) - reading(sinkSpoolSamples, {})
        if (life.end !== 'orderly') torn += inMemoryOnly
        expect(bytesIn(folder.path)).toBeLessThanOrEqual(maxBytes)
      }
      expect(receiver.wentBack()).toBe(0)
      // What was dropped in a life that was killed may have been counted and sent again by the next one; what is
      // missing without having been counted may not be.
      expect(offered - receiver.seen.size).toBeLessThanOrEqual(dropped + torn)
      if (plan.every(({ end }) => end === 'orderly'))
        expect(receiver.seen.size).toBeLessThanOrEqual(offered)
      expect(segmentsIn(folder.path)).toEqual([])
    }),
    { numRuns: 200, interruptAfterTimeLimit: 12_000, examples: [leftInItsSecondSegment] },
  )
})

function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.segment'))
    .toSorted()
}

function bytesIn(folder: string): number {
  return segmentsIn(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** Cuts some bytes off the newest segment: its last moment is gone. Gives how many samples that is at most. */
function tear(folder: string): number {
  const newest = segmentsIn(folder).at(-1)
  if (newest === undefined) return 0
  const path = join(folder, newest)
  const { size } = statSync(path)
  if (size < 3) return 0
  truncateSync(path, size - 3)
  return names.length
}
