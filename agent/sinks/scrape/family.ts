import type { Labels, Metric, Series } from '../../model.ts'

const SUMMARY = /_(sum|count)$/

/** How a family is told in one format. */
type Told = {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary' | 'untyped' | 'unknown'
  /** Joined, they are its lines. */
  readonly texts: string[]
}

export type ScrapeFamily = ReturnType<typeof scrapeFamily>

/**
 * The lines of one metric family: for each series a text up to its value, the value, and what is behind
 * it; only to be joined. A summary's sum and count stand together, since OpenMetrics wants the lines of one set of
 * labels in one place.
 */
export function scrapeFamily(metric: Metric) {
  const isSummary = metric.type === 'counter' && SUMMARY.test(metric.name)
  const name = isSummary ? metric.name.replace(SUMMARY, '') : metric.name
  const text: Told = { name, type: textType(metric, isSummary), texts: [] }
  const openmetrics: Told = { ...openMetricsOf(metric, name, isSummary), texts: [] }
  const hasCreated = openmetrics.type === 'counter' || openmetrics.type === 'summary'
  const linesPerSlot = isSummary ? 2 : 1
  // Of a summary, one more text for what follows both of its lines.
  const openMetricsWidth = isSummary ? 7 : 3
  const slots = new Map<Labels | Series, { readonly slot: number; lines: number }>()
  const free: number[] = []
  let slotCount = 0

  /** Writes the line of a series that is not there yet. Gives where it stands. */
  function add(series: Series, labels: string, value: string, tellsCreated: boolean): number {
    const key = isSummary ? series.target : series
    const taken = slots.get(key) ?? { slot: free.pop() ?? slotCount++, lines: 0 }
    slots.set(key, taken)
    taken.lines += 1
    const isSecond = isSummary && series.metric.name.endsWith('_count')
    const line = taken.slot * linesPerSlot + Number(isSecond)
    const start = flat(`${series.metric.name}${labels} `)
    const at = openMetricsAt(line)
    openmetrics.texts[at] = start
    openmetrics.texts[at + 2] = '\n'
    const created =
      tellsCreated && hasCreated
        ? `${openmetrics.name}_created${labels} ${series.startMs / 1_000}\n`
        : ''
    const createdAt = (taken.slot + 1) * openMetricsWidth - 1
    openmetrics.texts[createdAt] = flat(isSummary ? created : `\n${created}`)
    text.texts[2 * line] = start
    write(line, value)
    return line
  }

  function write(line: number, value: string): void {
    text.texts[2 * line + 1] = `${value}\n`
    openmetrics.texts[openMetricsAt(line) + 1] = value
  }

  function remove(series: Series, line: number): void {
    const key = isSummary ? series.target : series
    text.texts.fill('', 2 * line, 2 * line + 2)
    const at = openMetricsAt(line)
    openmetrics.texts.fill('', at, at + 3)
    const taken = slots.get(key)
    if (!taken || --taken.lines > 0) return
    openmetrics.texts[(taken.slot + 1) * openMetricsWidth - 1] = ''
    slots.delete(key)
    free.push(taken.slot)
  }

  function openMetricsAt(line: number): number {
    return isSummary ? (line >> 1) * openMetricsWidth + (line & 1) * 3 : 3 * line
  }

  return {
    name,
    help: metric.help,
    text,
    openmetrics,
    isEmpty: () => slots.size === 0,
    add,
    write,
    remove,
  }
}

function textType({ type }: Metric, isSummary: boolean): Told['type'] {
  if (isSummary) return 'summary'
  return type === 'counter' || type === 'gauge' ? type : 'untyped'
}

/** Counters go by `_total` there: those of 2021, without it, are of no known type, and keep their names. */
function openMetricsOf(
  { type }: Metric,
  name: string,
  isSummary: boolean,
): Pick<Told, 'name' | 'type'> {
  if (isSummary) return { name, type: 'summary' }
  if (type === 'gauge') return { name, type }
  const isTotal = type === 'counter' && name.endsWith('_total')
  return isTotal ? { name: name.replace(/_total$/, ''), type } : { name, type: 'unknown' }
}

/** The same text in one piece: parts that V8 has not put together yet are put together for each page. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}
