import { array, assert, constantFrom, nat, oneof, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { trafficMetrics } from '../../aggregate/metrics.ts'
import type { Labels, Samples, Series } from '../../model.ts'
import { parsePage } from '../../relay/page.ts'
import type { ScrapeFormat } from '../../scraping.ts'
import { EXAMPLE_MS } from '../test/examples.ts'
import { scrapePage } from './page.ts'

const TARGETS: readonly Labels[] = ['web-1', 'web-2', 'web-3'].map(pod => [
  ['destination_ip', '192.0.2.7'],
  ['k8s_pod', pod],
])
/** One of every metric and target: only those of one target, and of one metric, share an object, as in an agent. */
const ALL: readonly Series[] = TARGETS.flatMap((target, at) =>
  trafficMetrics.map(metric => ({ metric, target, startMs: EXAMPLE_MS + at * 1_000 })),
)

type Page = ReturnType<typeof scrapePage>

function textOf(page: Page, format: ScrapeFormat): string {
  return [...page.pieces(format)].join('')
}

function told(page: Page, format: ScrapeFormat): string[] {
  const lines = parsePage(textOf(page, format))
  return lines.map(({ name, labels, value }) => line(name, labels, value)).toSorted()
}

/** What is to be said of a series that lives. */
function valueLine({ metric, target }: Series, value: number): string {
  return line(metric.name, [...ownLabels(metric), ...target], value)
}

/** Since when it counts, which the two of a summary say once; of a gauge, nothing. */
function createdLine({ metric, target, startMs }: Series): string | undefined {
  if (metric.type === 'gauge') return undefined
  const family = metric.name.replace(/_(total|sum|count)$/, '')
  return line(`${family}_created`, [...ownLabels(metric), ...target], startMs / 1_000)
}

function ownLabels({ labels }: Series['metric']): Labels {
  return labels.filter(([name]) => name !== '__name__')
}

function line(name: string, labels: Labels, value: number): string {
  return JSON.stringify([name, labels.toSorted(([a], [b]) => (a < b ? -1 : 1)), value])
}

test('whatever comes, goes and comes back, a page holds what lives, with its newest value', () => {
  const someOf = array(constantFrom(...ALL.keys()), { maxLength: 12 })
  const step = record({ living: someOf, value: oneof(nat(5), nat()), ending: someOf })
  assert(
    property(array(step, { maxLength: 15 }), steps => {
      const page = scrapePage(() => true, true)
      const alive = new Map<number, number>()
      for (const { living, value, ending } of steps) {
        page.offer(samplesOf(living, value))
        for (const index of living) alive.set(index, value)
        page.offer(samplesOf(ending))
        for (const index of ending) alive.delete(index)
        const values = [...alive].map(([index, newest]) => valueLine(seriesAt(index), newest))
        const created = [...alive.keys()].flatMap(index => createdLine(seriesAt(index)) ?? [])
        expect(told(page, 'text')).toEqual(values.toSorted())
        expect(told(page, 'openmetrics')).toEqual([...values, ...new Set(created)].toSorted())
      }
      page.offer(samplesOf([...alive.keys()]))
      expect(textOf(page, 'text') + textOf(page, 'openmetrics')).toBe('')
    }),
    { numRuns: 60 },
  )
})

test('in OpenMetrics the lines of a summary stand together, and say once since when they count', () => {
  const page = scrapePage(() => true, true)
  const summary = ALL.flatMap(({ metric: { name } }, index) =>
    /rtt_seconds_(sum|count)$/.test(name) ? [index] : [],
  )
  page.offer(samplesOf(summary, 3))
  const lines = textOf(page, 'openmetrics')
    .split('\n')
    .filter(text => text !== '' && !text.startsWith('#'))
  expect(lines).toEqual([
    ...summaryLines('web-1', 0),
    ...summaryLines('web-2', 1),
    ...summaryLines('web-3', 2),
  ])
  expect(textOf(page, 'text')).not.toContain('_created')
  expect(textOf(page, 'text')).toContain('# TYPE podatlas_tcp_rtt_seconds summary\n')
})

function summaryLines(pod: string, seconds: number): string[] {
  const labels = `{destination_ip="192.0.2.7",k8s_pod="${pod}"}`
  return [
    `podatlas_tcp_rtt_seconds_sum${labels} 3`,
    `podatlas_tcp_rtt_seconds_count${labels} 3`,
    `podatlas_tcp_rtt_seconds_created${labels} ${EXAMPLE_MS / 1_000 + seconds}`,
  ]
}

/** Without a value the series end. */
function samplesOf(indexes: readonly number[], value?: number): Samples {
  const series = [...new Set(indexes)].map(seriesAt)
  const values = value === undefined ? {} : { values: new Float64Array(series.length).fill(value) }
  return { timestampMs: EXAMPLE_MS, series, ...values }
}

function seriesAt(index: number): Series {
  const series = ALL[index]
  if (!series) throw new Error(`no series ${index}`)
  return series
}
