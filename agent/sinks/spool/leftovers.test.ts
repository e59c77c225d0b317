import { existsSync, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { createTelemetry } from '../../telemetry.ts'
import { exampleSample, exampleSeries, reading } from '../test/examples.ts'
import { openSinks } from '../index.ts'
import { sinkOptions } from '../options.ts'
import { until, writeReceiver } from '../test/write-receiver.ts'

afterEach(() => void vi.useRealTimers())

const HOUR_MS = 3_600_000
const series = exampleSeries()
const newrelic = { type: 'newrelic', account: '42', key: 'k', endpoint: 'http://127.0.0.1:9' }

/** An agent's sinks, by name, with spools in the folder. */
async function sinksIn(spoolDirectory: string, sinks: Readonly<Record<string, object>>) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const lines: string[] = []
  const opened = await openSinks({
    sinks: Object.fromEntries(
      Object.entries(sinks).map(([name, options]) => [name, sinkOptions.parse(options)]),
    ),
    version: '1.2.3',
    telemetry,
    log: line => lines.push(line),
    spoolDirectory,
  })
  const dropped = (sink: string) =>
    reading(telemetry.sinkSamplesDropped, { sink, reason: 'sink_removed' })
  return Object.assign(opened, { telemetry, lines, dropped })
}

const tempFolder = () => mkdtempDisposableSync(join(tmpdir(), 'podatlas-leftovers-'))
const stdout = { out: { type: 'stdout', format: 'json' } }

/** Leaves so many samples of a sink that could not deliver. */
async function leave(folder: string, options: object, stamps: readonly number[]) {
  const sinks = await sinksIn(folder, { old: options })
  stamps.forEach((stamp, index) => sinks.offer(exampleSample(series, index + 1, stamp)))
  await sinks[Symbol.asyncDispose]()
}

test.each([
  ['remote write', { type: 'prometheus', endpoint: 'http://127.0.0.1:9' }, 'sink-old'],
  ['New Relic', newrelic, 'sink-old+changes'],
])(
  '%s: unsent samples of a removed sink stay for a day, told, and are dropped then, counted',
  async (_, options, name) => {
    using folder = tempFolder()
    const nowMs = Date.now()
    await leave(folder.path, options, [nowMs - 2 * HOUR_MS, nowMs - HOUR_MS])
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: nowMs })
    await using sinks = await sinksIn(folder.path, stdout)
    const path = join(folder.path, name)
    const goneAt = new Date(nowMs + 23 * HOUR_MS).toISOString()
    expect(sinks.lines).toEqual([
      `sink old is no more, and 2 samples wait for it in ${path}: bring the sink back, or they are dropped at ${goneAt}`,
    ])
    vi.advanceTimersByTime(23 * HOUR_MS - 1)
    expect(existsSync(path)).toBe(true)
    vi.advanceTimersByTime(1)
    expect(existsSync(path)).toBe(false)
    expect(sinks.dropped('old')).toBe(2)
    expect(sinks.lines.at(-1)).toBe(
      `sink old is no more for a day or longer: 2 samples dropped with ${path}`,
    )
  },
)

test('a sink that is brought back sends what waited for it', async () => {
  using folder = tempFolder()
  await using receiver = await writeReceiver()
  const options = { type: 'prometheus', endpoint: receiver.endpoint }
  receiver.answerAll({ status: 503 })
  const nowMs = Date.now()
  await leave(folder.path, options, [nowMs - 2_000, nowMs - 1_000])
  await (await sinksIn(folder.path, stdout))[Symbol.asyncDispose]()
  receiver.answerAll({ status: 204 })
  await using back = await sinksIn(folder.path, { old: options })
  expect((await receiver.received(2)).map(({ value }) => value)).toEqual([1, 2])
  expect(back.lines).toEqual([])
})

test('the folder of a removed sink without unsent samples goes at once, told, and nothing is counted', async () => {
  using folder = tempFolder()
  await using receiver = await writeReceiver()
  const sinks = await sinksIn(folder.path, {
    old: { type: 'prometheus', endpoint: receiver.endpoint },
  })
  sinks.offer(exampleSample(series, 1, Date.now()))
  await until(() => reading(sinks.telemetry.sinkSamplesSent, {}) === 1)
  // As by kill -9: the segment that was sent is still there.
  const path = join(folder.path, 'sink-old')
  await using next = await sinksIn(folder.path, stdout)
  expect(existsSync(path)).toBe(false)
  expect(next.lines).toEqual([`sink old is no more: its empty spool ${path} is removed`])
  expect(next.dropped('old')).toBe(0)
  await sinks[Symbol.asyncDispose]()
})

test('what is older than a day goes at the start, and what no sink left is not touched', async () => {
  using folder = tempFolder()
  const nowMs = Date.now()
  await leave(folder.path, newrelic, [nowMs])
  vi.useFakeTimers({ toFake: ['Date'], now: nowMs + 25 * HOUR_MS })
  mkdirSync(join(folder.path, 'lost+found'))
  writeFileSync(join(folder.path, 'notes'), 'of somebody')
  await using sinks = await sinksIn(folder.path, stdout)
  expect(existsSync(join(folder.path, 'sink-old+changes'))).toBe(false)
  expect(sinks.dropped('old')).toBe(1)
  expect(existsSync(join(folder.path, 'lost+found'))).toBe(true)
  expect(existsSync(join(folder.path, 'notes'))).toBe(true)
})
