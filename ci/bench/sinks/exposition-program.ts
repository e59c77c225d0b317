import { Counter, Gauge, Registry } from 'prom-client'
import type { Metric, Series } from '../../../agent/model.ts'
import { labelsOf } from '../../../agent/sinks/series-labels.ts'
import { scrapePage } from '../../../agent/sinks/scrape/page.ts'
import { parsePage } from '../../../agent/relay/page.ts'
import { cpuRounds } from '../cpu-rounds.ts'
import { tickOfSeries } from './rw-encode-traffic.ts'

/** exposition-program.ts SERIES ROUNDS: CPU time of a page of a tick, by prom-client and by us, as JSON. */
const [series = 0, rounds = 0] = process.argv.slice(2).map(Number)

const { total, requests } = tickOfSeries(series)
const page = scrapePage(() => true, true)
const registry = new Registry()
const theirs = new Map<Metric, Counter | Gauge>()

for (const request of requests) {
  page.offer(request)
  for (const [index, one] of request.series.entries()) setTheirs(one, request.values?.[index] ?? 0)
}

/** As bytes, in the pieces in which they leave. */
function ours(format: 'text' | 'openmetrics'): Buffer[] {
  return [...page.pieces(format)].map(piece => Buffer.from(piece))
}

const ways = {
  library: async () => [Buffer.from(await registry.metrics())],
  ours: () => Promise.resolve(ours('text')),
  oursOpenMetrics: () => Promise.resolve(ours('openmetrics')),
}

await requireEqual()
const cpuMs = await cpuRounds(ways, rounds)
process.stdout.write(
  JSON.stringify({ series: total, cpuMs, bytes: Buffer.concat(await ways.ours()).length }),
)

function setTheirs({ metric, target }: Series, value: number): void {
  const labels = Object.fromEntries(target)
  const { name, help } = metric
  const known = theirs.get(metric)
  const labelNames = Object.keys(labels)
  const made =
    known ??
    (metric.type === 'counter'
      ? new Counter({ name, help, labelNames, registers: [registry] })
      : new Gauge({ name, help, labelNames, registers: [registry] }))
  theirs.set(metric, made)
  made.inc(labels, value)
}

/** Throws unless both pages, read by the same parser, say the same of the same series. */
async function requireEqual(): Promise<void> {
  const offered = requests.flatMap(({ series: all, values }) =>
    all.map((one, index) => textOf(labelsOf(one), values?.[index] ?? 0)),
  )
  const wanted = offered.toSorted().join('\n')
  for (const text of [await registry.metrics(), Buffer.concat(ours('text')).toString()]) {
    const read = parsePage(text).map(line =>
      textOf([...line.labels, ['__name__', line.name]], line.value),
    )
    if (read.toSorted().join('\n') !== wanted) throw new Error('the pages say different things')
  }
}

function textOf(labels: readonly (readonly [string, string])[], value: number): string {
  return JSON.stringify([labels.toSorted(([a], [b]) => (a < b ? -1 : 1)), value])
}
