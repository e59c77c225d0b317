import type { Flow } from '../model.ts'
import { byteMetrics, metrics2021, signals, type TrafficMetric } from './metrics.ts'

/** Groups of metrics, a bit each: the series of a group are born together. */
export type Groups = number

/** What every target has from its first flow on. */
export const ALWAYS: Groups = 1

export type MetricGroups = ReturnType<typeof metricGroups>

/** All metrics of traffic in one list, in which a series knows its metric by the index. */
export function metricGroups(names2021: boolean) {
  const always = names2021 ? [...byteMetrics, ...metrics2021] : byteMetrics
  const groups = [always, ...signals]
  const metrics: readonly TrafficMetric[] = groups.flat()
  const groupOf: readonly Groups[] = groups.flatMap((group, bit) => group.map(() => 1 << bit))

  /** Those of which a flow has something to count, and always the bytes. */
  function occurringIn(flow: Flow): Groups {
    let occurring = ALWAYS
    for (let index = 0; index < metrics.length; index++)
      if ((metrics[index]?.of(flow) ?? 0) > 0) occurring |= groupOf[index] ?? 0
    return occurring
  }

  /** How many series a target with these groups has. */
  function seriesIn(wanted: Groups): number {
    return groupOf.reduce((count, group) => count + Number((wanted & group) > 0), 0)
  }

  return { metrics, groupOf, occurringIn, seriesIn }
}
