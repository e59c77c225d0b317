import { familyHead, labelText, numberText } from '../exposition.ts'
import type { Labels, Metric, Samples, Series } from '../model.ts'
import type { ScrapeFormat } from '../scraping.ts'

/** Lines of one metric family. */
type Family = {
  readonly name: string
  readonly openMetricsName: string
  readonly type: 'counter' | 'gauge' | 'summary' | 'untyped'
  readonly openMetricsType: 'counter' | 'gauge' | 'summary' | 'unknown'
  readonly help: string
  /** By series; a summary's sum and count stand together, by target. */
  readonly points: Map<Series | Labels, Point>
}

/** One line, or the two of a summary, up to their values. */
type Point = { readonly lines: Line[]; readonly created: string }
type Line = { readonly series: Series; readonly start: string; value: number }

const LINES_PER_PIECE = 256

/** The newest value of every series that lives; what was never offered, or has ended, is not there. */
export function scrapePage(isShown: (metric: Metric) => boolean, tellsCreated: boolean) {
  const families = new Map<string, Family>()
  const lines = new Map<Series, Line>()
  const familyOfMetric = new WeakMap<Metric, Family>()
  const texts = new WeakMap<Labels, string>()

  function offer({ series, values }: Samples): void {
    for (let index = 0; index < series.length; index++) {
      const one = series[index]
      if (!one) continue
      const value = values?.[index]
      const line = lines.get(one)
      if (value === undefined) end(one)
      else if (line) line.value = value
      else if (isShown(one.metric)) bear(one, value)
    }
  }

  function bear(series: Series, value: number): void {
    const { metric, target, startMs } = series
    const family = familyOf(metric)
    const text = [
      ...metric.labels.filter(([name]) => name !== '__name__').map(pair => labelText([pair])),
      textOf(target),
    ]
      .filter(part => part !== '')
      .join(',')
    const labels = text === '' ? '' : `{${text}}`
    const line = { series, start: `${metric.name}${labels} `, value }
    lines.set(series, line)
    const key = family.type === 'summary' ? target : series
    const point = family.points.get(key)
    if (point) point.lines.push(line)
    else {
      const hasStart = tellsCreated && ['counter', 'summary'].includes(family.openMetricsType)
      const created = hasStart
        ? `${family.openMetricsName}_created${labels} ${startMs / 1_000}\n`
        : ''
      family.points.set(key, { lines: [line], created })
    }
  }

  function end(series: Series): void {
    if (!lines.delete(series)) return
    const { points, type } = familyOf(series.metric)
    const key = type === 'summary' ? series.target : series
    const point = points.get(key)
    const at = point?.lines.findIndex(line => line.series === series) ?? -1
    if (at >= 0) point?.lines.splice(at, 1)
    if (point?.lines.length === 0) points.delete(key)
  }

  function familyOf(metric: Metric): Family {
    const known = familyOfMetric.get(metric)
    if (known) return known
    const name = metric.type === 'counter' ? metric.name.replace(SUMMARY, '') : metric.name
    const family = families.get(name) ?? newFamily(metric, name)
    families.set(name, family)
    familyOfMetric.set(metric, family)
    return family
  }

  function textOf(target: Labels): string {
    const known = texts.get(target)
    if (known !== undefined) return known
    const text = labelText(target)
    texts.set(target, text)
    return text
  }

  function* pieces(format: ScrapeFormat): Iterable<string> {
    const isOpenMetrics = format === 'openmetrics'
    for (const { points, ...family } of families.values()) {
      if (points.size === 0) continue
      const name = isOpenMetrics ? family.openMetricsName : family.name
      const type = isOpenMetrics ? family.openMetricsType : family.type
      let piece = `${familyHead(name, type, family.help, format).join('\n')}\n`
      let count = 0
      for (const point of points.values()) {
        for (const line of point.lines) piece += `${line.start}${numberText(line.value)}\n`
        if (isOpenMetrics) piece += point.created
        if (++count % LINES_PER_PIECE !== 0) continue
        yield piece
        piece = ''
      }
      yield piece
    }
  }

  return { offer, pieces }
}

const SUMMARY = /_(sum|count)$/

/** OpenMetrics knows counters by `_total`: those of 2021, without it, are unknown there, and keep their names. */
function newFamily({ name: metricName, type, help }: Metric, name: string): Family {
  const points = new Map<Series | Labels, Point>()
  const openMetricsName = type === 'counter' ? name.replace(/_total$/, '') : name
  const family = { name, openMetricsName, help, points }
  if (name !== metricName) return { ...family, type: 'summary', openMetricsType: 'summary' }
  if (type === 'gauge') return { ...family, type, openMetricsType: type }
  if (type !== 'counter') return { ...family, type: 'untyped', openMetricsType: 'unknown' }
  return { ...family, type, openMetricsType: name.endsWith('_total') ? type : 'unknown' }
}
