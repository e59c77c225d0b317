import type { Labels, Samples, Series } from '../model.ts'
import { labelsOf } from '../sinks/series-labels.ts'

/** One point of a series, as tests look at it. */
export type Sample = {
  readonly series: Series
  readonly labels: Labels
  readonly value: number
  readonly timestampMs: number
  readonly isStale: boolean
}

/** The points of a batch; none for no batch. */
export function samplesOf(batch: Samples | undefined): Sample[] {
  const series = batch?.series ?? []
  return arrivedOf(batch).map((arrived, index) => ({ series: series[index] ?? fail(), ...arrived }))
}

/** The points of a batch as a receiver sees them. */
export function arrivedOf(batch: Samples | undefined): Omit<Sample, 'series'>[] {
  const { timestampMs = 0, series = [], values } = batch ?? {}
  return series.map((one, index) => ({
    labels: labelsOf(one),
    value: values?.[index] ?? Number.NaN,
    timestampMs,
    isStale: values === undefined,
  }))
}

function fail(): never {
  throw new RangeError('a batch has fewer series than samples')
}
