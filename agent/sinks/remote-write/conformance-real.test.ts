import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { senderTo } from '../test/conformance-sender.ts'
import { exampleSample, exampleSamples, exampleSeries, reading } from '../test/examples.ts'
import { realPrometheus } from '../test/real-prometheus.ts'

const SECOND_MS = 1_000

/** Sends three moments of a counter that then ends, and says what Prometheus answers for before and after. */
async function pushTo(prometheus: Awaited<ReturnType<typeof realPrometheus>>, settings: object) {
  const nowMs = Date.now()
  const target = senderTo(prometheus.endpoint, settings)
  const series = { ...exampleSeries('web-1'), startMs: nowMs - 9 * SECOND_MS }
  for (const value of [1, 2, 3])
    target.offer(exampleSample(series, value, nowMs - (6 - value) * SECOND_MS))
  target.offer({ timestampMs: nowMs, series: [series] })
  await target[Symbol.asyncDispose]()
  const { sinkSamplesSent, sinkSamplesDropped } = target.telemetry
  const query = 'podatlas_transmit_bytes_total{k8s_pod="web-1"}'
  return {
    sent: reading(sinkSamplesSent, {}),
    dropped: reading(sinkSamplesDropped, {}),
    before: (await prometheus.query(query, nowMs - SECOND_MS)).map(({ value }) => value),
    after: await prometheus.query(query, nowMs),
    lines: target.lines,
  }
}

const everything = { sent: 4, dropped: 0, before: [3], after: [] }

test.for(['auto', '2.0', '1.0'])(
  "the chart's Prometheus takes everything with protocol %s",
  async protocol => {
    await using prometheus = await realPrometheus()
    expect(await pushTo(prometheus, { protocol })).toEqual({ ...everything, lines: [] })
  },
)

test('2.0: what Prometheus refuses of a request is lost and counted, the rest of it is kept', async () => {
  await using prometheus = await realPrometheus()
  await using target = senderTo(prometheus.endpoint)
  const nowMs = Date.now()
  const old = exampleSeries('old')
  target.offer(exampleSample(old, 2, nowMs))
  target.offer(
    exampleSamples(
      [
        [old, 1],
        [exampleSeries('new'), 5],
      ],
      nowMs - 10 * SECOND_MS,
    ),
  )
  await target[Symbol.asyncDispose]()
  const { sinkSamplesSent, sinkSamplesDropped } = target.telemetry
  expect(reading(sinkSamplesSent, {})).toBe(2)
  expect(reading(sinkSamplesDropped, { reason: '400' })).toBe(1)
  expect(await prometheus.query('{k8s_pod="new"}', nowMs)).toMatchObject([{ value: 5 }])
})

test("the machine's Prometheus, Debian's 2.42 knows 1.0 only, takes everything with protocol auto", async () => {
  await using prometheus = await realPrometheus([], 'prometheus')
  const { lines, ...arrived } = await pushTo(prometheus, {})
  expect(arrived).toEqual(everything)
  const told = lines.filter(line => line.includes('from now on it gets remote write 1.0'))
  expect(told).toHaveLength(knowsVersion2() ? 0 : 1)
  expect(lines).toEqual(told)
})

/** Prometheus takes 2.0 since 2.54; which version a machine has is not ours to choose. */
function knowsVersion2(): boolean {
  const text = execFileSync('sh', ['-c', 'prometheus --version 2>&1'], { encoding: 'utf8' })
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(text) ?? []
  return Number(major) * 1_000 + Number(minor) >= 2_054
}
