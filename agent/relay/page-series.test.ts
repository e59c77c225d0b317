import { expect, test } from 'vitest'
import { labelsOf } from '../sinks/series-labels.ts'
import { pageSeries } from './page-series.ts'
import { parsePage } from './page.ts'

function told(samplesOf: ReturnType<typeof pageSeries>, page: string, nowMs: number) {
  return samplesOf(parsePage(page), nowMs).flatMap(({ timestampMs, series, values }) =>
    series.map((one, index) => ({
      labels: Object.fromEntries(labelsOf(one)),
      value: values?.[index] ?? 'ended',
      timestampMs,
    })),
  )
}

test('every series gets the labels of its target, and keeps its own of that name as exported', () => {
  const samplesOf = pageSeries({ job: 'relay', instance: 'a:1' })
  expect(told(samplesOf, 'up{job="own",empty="",zone="z"} 1', 5)).toEqual([
    {
      labels: { __name__: 'up', exported_job: 'own', instance: 'a:1', job: 'relay', zone: 'z' },
      value: 1,
      timestampMs: 5,
    },
  ])
})

test('a series that the next page has no more ends; one that stays is the same object', () => {
  const samplesOf = pageSeries({ job: 'relay' })
  const [first] = samplesOf(parsePage('a 1\nb 2'), 5)
  const [second, ended] = samplesOf(parsePage('a 3'), 6)
  expect(second?.series).toEqual([first?.series[0]])
  expect(second?.series[0]).toBe(first?.series[0])
  expect(ended).toEqual({ timestampMs: 6, series: [first?.series[1]] })
})

test('of two lines for one series the first counts', () => {
  const samplesOf = pageSeries({ job: 'relay' })
  expect(told(samplesOf, 'a{x="1",y="2"} 1\na{y="2",x="1"} 2', 5)).toMatchObject([{ value: 1 }])
})
