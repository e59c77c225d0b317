import { writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { createTelemetry } from '../../telemetry.ts'
import { exampleSamples, exampleSeries, reading } from './examples.ts'
import { openSinks } from '../index.ts'
import { sinkOptions } from '../options.ts'
import { until } from './write-receiver.ts'

/** What the sink is to live through. */
export type Life = {
  /** Of the sink, as settings say them. */
  readonly options: object
  readonly spoolDirectory: string
  /** Smaller than settings may say. */
  readonly maxBytes?: number
  /** A moment for each value from `first` to `last`, `startMs` + so many seconds, with as many samples as `pods`. */
  readonly startMs: number
  readonly first: number
  readonly last: number
  readonly pods: readonly string[]
  readonly everyMs: number
  /** Kills itself as `kill -9` does; absent: lives until it is killed. */
  readonly killAfterMs?: number
}

/** A line of what it says, at once: what it was killed before is not said. */
export type Said =
  | { readonly kind: 'found'; readonly count: number }
  | { readonly kind: 'offered'; readonly value: number }
  | { readonly kind: 'dropped'; readonly count: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'settled' }

/** doomed-sink.ts LIFE: opens the sink `under-test` with a spool, offers, and waits to be killed. */
const life: Life = JSON.parse(process.argv[2] ?? '')
const say = (said: Said) => void writeSync(1, `${JSON.stringify(said)}\n`)
const telemetry = createTelemetry('node-1', '1.2.3')
const { sinkSamplesDropped, sinkFailures, sinkQueueSamples } = telemetry
const parsed = sinkOptions.parse(life.options)
const options =
  'spool' in parsed && life.maxBytes !== undefined
    ? { ...parsed, spool: { ...parsed.spool, maxBytes: life.maxBytes } }
    : parsed
const sinks = await openSinks({
  sinks: { 'under-test': options },
  version: '1.2.3',
  telemetry: {
    ...telemetry,
    sinkSamplesDropped: {
      ...sinkSamplesDropped,
      inc: (labels, count = 1) => say({ kind: 'dropped', count, reason: labels.reason ?? '' }),
    },
    sinkFailures: {
      ...sinkFailures,
      inc: (labels, count = 1) => {
        sinkFailures.inc(labels, count)
        say({ kind: 'failed', reason: labels.reason ?? '' })
      },
    },
  },
  log: () => {},
  spoolDirectory: life.spoolDirectory,
})
say({ kind: 'found', count: reading(sinkQueueSamples, {}) })
// From the loop: whatever is done at once is done by then.
if (life.killAfterMs !== undefined)
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), life.killAfterMs)
const series = life.pods.map(pod => exampleSeries(pod))
for (let value = life.first; value <= life.last; value++) {
  sinks.offer(
    exampleSamples(
      series.map((one, index) => [one, value + index]),
      life.startMs + value * 1_000,
    ),
  )
  say({ kind: 'offered', value })
  if (life.everyMs > 0) await pause(life.everyMs)
}
await until(() => reading(sinkQueueSamples, {}) === 0)
say({ kind: 'settled' })
setInterval(() => {}, 1e6)
